"""The conditional 1-D U-Net of Diffusion Policy, DP3, FlowPolicy and MP1."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn

from simplatform.errors import ContractError
from simplatform.policies.unet import dual
from simplatform.policies.unet.blocks import ConvolutionBlock, Plan, ResidualBlock, Stage, dense_maps, split_film
from simplatform.policies.unet.convolution import Convolution
from simplatform.policies.unet.dual import Dual
from simplatform.policies.unet.embedding import TimeEmbedding


class UnetOutput(NamedTuple):
    """The output ``(B, T, A)`` with its tangent, and the features ``(B, C, T_i)`` of each down stage but the last."""

    output: Dual
    features: tuple[Tensor, ...]


class ConditionalUnet(nn.Module):
    """U-Net over time: ``(B, T, A)``, times and a condition ``(B, G)`` → ``(B, T, A)``.

    Source: Chi et al., 2023 (Diffusion Policy), section III; the FiLM layers of all residual blocks are one matrix
    here.
    """

    def __init__(
        self,
        action: int,
        condition: int,
        *,
        widths: Sequence[int] = (512, 1024, 2048),
        embedding: int = 128,
        times: int = 1,
        depth: int = 2,
        middle: int = 2,
        kernel: int = 5,
        groups: int = 8,
    ) -> None:
        """Build the network.

        Args:
            action: channels A of a step.
            condition: size G of the condition.
            widths: channels per level, from fine to coarse; multiples of ``groups``.
            embedding: size of the time embedding.
            times: number of times (1, or 2 for an average velocity between two times); their embeddings are added.
            depth: residual blocks per stage (2; 1 in Simple-DP3).
            middle: residual blocks at the coarsest level (2; 1 in Simple-DP3).
            kernel: convolution kernel, odd.
            groups: groups of the group norm.
        """
        super().__init__()
        self.action, self.condition, self.embedding, self.widths = action, condition, embedding, tuple(widths)
        self.times = nn.ModuleList(TimeEmbedding(embedding) for _ in range(times))

        def residual(inputs: int, outputs: int, count: int) -> list[ResidualBlock]:
            return [ResidualBlock(inputs if i == 0 else outputs, outputs, kernel, groups) for i in range(count)]

        levels = list(zip([action, *widths], widths, strict=False))
        self.down = nn.ModuleList(
            Stage(residual(a, b, depth), Convolution(b, b, 3, stride=2, padding=1)) for a, b in levels[:-1]
        )
        self.down.append(Stage(residual(*levels[-1], depth), None))
        self.middle = Stage(residual(widths[-1], widths[-1], middle), None)
        self.up = nn.ModuleList(
            Stage(residual(2 * b, a, depth), Convolution(a, a, 4, stride=2, padding=1, transposed=True))
            for a, b in reversed(levels[1:])
        )
        self.last = ConvolutionBlock(widths[0], widths[0], kernel, groups)
        self.head = Convolution(widths[0], action, 1)
        self._film_widths = [self.get_submodule(name).outputs for name in self.residual_blocks()]
        self.film = nn.Linear(embedding + condition, 2 * sum(self._film_widths))

    def residual_blocks(self) -> list[str]:
        """Return the names of the residual blocks, in the order of their rows in ``film``."""
        return [name for name, part in self.named_modules() if isinstance(part, ResidualBlock)]

    def plan(self, length: int) -> Plan:
        """Return the dense maps of all convolutions for chunks of ``length`` steps.

        One plan serves all passes between two updates of the weights; it carries their graph if gradients are enabled.

        Raises:
            ContractError: ``length`` cannot be halved once per level.
        """
        factor = 2 ** (len(self.widths) - 1)
        if length % factor:
            raise ContractError(
                f"the U-Net halves the chunk {len(self.widths) - 1} times: its length must be a multiple of {factor}, "
                f"got {length}"
            )
        maps = dense_maps(self.last, length) | dense_maps(self.head, length)
        for stage in (*self.down, self.middle, *self.up):
            more, length = stage.plan(length)
            maps |= more
        return maps

    def forward(self, x: Tensor, times: Sequence[Tensor], condition: Tensor, *, plan: Plan | None = None) -> Tensor:
        """Return the output ``(B, T, A)``; ``times`` are ``(B,)`` each, in the units that it was trained with."""
        return self.propagate(Dual(x), [Dual(time) for time in times], condition, plan=plan).output.value

    def propagate(self, x: Dual, times: Sequence[Dual], condition: Tensor, *, plan: Plan | None = None) -> UnetOutput:
        """Return the output with its tangent along the tangents of ``x`` and ``times``, and the stages' features."""
        plan = self.plan(x.value.shape[1]) if plan is None else plan
        films = self._films(times, condition)
        h = dual.transpose(x)
        skips: list[Dual] = []
        for stage in self.down:
            h = stage.residual(h, films, plan)
            skips.append(h)
            h = stage.resized(h, plan)
        features = tuple(skip.value for skip in skips[:-1])
        h = self.middle.residual(h, films, plan)
        for stage in self.up:
            h = stage.residual(dual.concatenate([h, skips.pop()]), films, plan)
            h = stage.resized(h, plan)
        y = self.head.convolve(self.last(h, plan), plan.get(self.head))
        return UnetOutput(dual.transpose(y), features)

    def _films(self, times: Sequence[Dual], condition: Tensor) -> Iterator[tuple[Dual, Dual]]:
        return split_film(self._modulation(times, condition), self._film_widths)

    def _modulation(self, times: Sequence[Dual], condition: Tensor) -> Dual:
        """Return scale and shift of all residual blocks, ``(B, Σ 2C)``."""
        embedded = [network.embed(time) for network, time in zip(self.times, times, strict=True)]
        total = embedded[0]
        for other in embedded[1:]:
            total = dual.add(total, other)
        active = dual.mish(total)
        context = torch.cat([active.value, nn.functional.mish(condition)], 1)
        value = self.film(context)
        if active.tangent is None:
            return Dual(value)
        # The condition does not vary: only the embedding's columns reach the tangent.
        with torch.no_grad():
            return Dual(value, active.tangent @ self.film.weight[:, : self.embedding].t())
