"""The conditional 1-D U-Net of Diffusion Policy, DP3, FlowPolicy and MP1."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import reduce
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn.functional import mish

import simplatform.policies.nn.unet.dual as dual
from simplatform.errors import ContractError
from simplatform.policies.nn.typed import ModuleList
from simplatform.policies.nn.unet.blocks import (
    ConvolutionBlock,
    Matrix,
    Plan,
    ResidualBlock,
    Stage,
    dense_maps,
    split_film,
)
from simplatform.policies.nn.unet.convolution import DENSE_LIMIT, Convolution
from simplatform.policies.nn.unet.dual import Dual
from simplatform.policies.nn.unet.embedding import TimeEmbedding
from simplatform.policies.nn.unet.frozen import FrozenUnet
from simplatform.policies.nn.unet.watch import Watch

Time = Tensor | float


class UnetOutput(NamedTuple):
    """The output ``(B, T, A)`` with its tangent, and the features ``(B, C, T_i)`` of each down stage but the last."""

    output: Dual
    features: tuple[Tensor, ...]


class Prepared(NamedTuple):
    """What several evaluations share: dense maps, and the condition's part of the modulation ``(B, Σ 2C)``."""

    plan: Plan
    modulation: Tensor
    frozen: FrozenUnet | None = None

    def rows(self, count: int) -> Prepared:
        """Return the first rows of the batch."""
        return self._replace(modulation=self.modulation[:count])


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
        time_scale: float = 1.0,
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
            time_scale: what times are multiplied by before they are embedded.
            depth: residual blocks per stage (2; 1 in Simple-DP3).
            middle: residual blocks at the coarsest level (2; 1 in Simple-DP3).
            kernel: convolution kernel, odd.
            groups: groups of the group norm.
        """
        super().__init__()
        self.action, self.condition, self.embedding, self.widths = action, condition, embedding, tuple(widths)
        self.times: ModuleList[TimeEmbedding] = ModuleList(TimeEmbedding(embedding, time_scale) for _ in range(times))

        def residual(inputs: int, outputs: int, count: int) -> list[ResidualBlock]:
            return [ResidualBlock(inputs if i == 0 else outputs, outputs, kernel, groups) for i in range(count)]

        levels = list(zip([action, *widths], widths, strict=False))
        self.down: ModuleList[Stage] = ModuleList(
            Stage(residual(a, b, depth), Convolution(b, b, 3, stride=2, padding=1)) for a, b in levels[:-1]
        )
        self.down.append(Stage(residual(*levels[-1], depth), None))
        self.middle = Stage(residual(widths[-1], widths[-1], middle), None)
        self.up: ModuleList[Stage] = ModuleList(
            Stage(residual(2 * b, a, depth), Convolution(a, a, 4, stride=2, padding=1, transposed=True))
            for a, b in reversed(levels[1:])
        )
        self.last = ConvolutionBlock(widths[0], widths[0], kernel, groups)
        self.head = Convolution(widths[0], action, 1)
        self.film_widths = [part.outputs for part in self.modules() if isinstance(part, ResidualBlock)]
        self._cache = _Cache()
        self.film, self.film_time = _film(condition, embedding, 2 * sum(self.film_widths))

    def residual_blocks(self) -> list[str]:
        """Return the names of the residual blocks, in the order of their rows in ``film``."""
        return [name for name, part in self.named_modules() if isinstance(part, ResidualBlock)]

    def prepare(self, condition: Tensor, length: int) -> Prepared:
        """Do once what all evaluations for a condition ``(B, G)`` and chunks of ``length`` steps share.

        The result carries the weights' graph if gradients are enabled, and serves until the weights change.

        Raises:
            ContractError: ``length`` cannot be halved once per level.
        """
        if torch.is_grad_enabled():
            self._cache.clear()
        plan, frozen = self._cache.program(self, length) if self._frozen else (self._plan(length), None)
        return Prepared(plan, frozen.modulation(condition) if frozen else self.film(mish(condition)), frozen)

    def forward(self, x: Tensor, times: Sequence[Time], condition: Tensor | Prepared) -> Tensor:
        """Return the output ``(B, T, A)``.

        ``times`` are ``(B,)`` each, or numbers for the whole batch, in the units that the network was trained with.
        """
        prepared = condition if isinstance(condition, Prepared) else self.prepare(condition, x.shape[1])
        if self._frozen and prepared.frozen and not any(isinstance(time, Tensor) for time in times):
            return prepared.frozen(x, prepared.modulation + self._cache.modulation(self, tuple(times)))
        duals = [Dual(time if isinstance(time, Tensor) else x.new_full((x.shape[0],), time)) for time in times]
        return self.propagate(Dual(x), duals, prepared).output.value

    def propagate(self, x: Dual, times: Sequence[Dual], prepared: Prepared) -> UnetOutput:
        """Return the output with its tangent along the tangents of ``x`` and ``times``, and the stages' features."""
        return self._run(x, self._modulation(times, prepared.modulation), prepared.plan)

    @property
    def _frozen(self) -> bool:
        return not (self.training or torch.is_grad_enabled() or torch.compiler.is_compiling())

    def _run(self, x: Dual, modulation: Dual, plan: Plan) -> UnetOutput:
        films = split_film(modulation, self.film_widths)
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

    def _modulation(self, times: Sequence[Dual], condition: Tensor) -> Dual:
        """Return scale and shift of all residual blocks, ``(B, Σ 2C)``, from times and the condition's part."""
        embedded = [network.embed(time) for network, time in zip(self.times, times, strict=True)]
        active = dual.mish(reduce(dual.add, embedded))
        weight = self.film_time.weight
        value = torch.addmm(condition, active.value, weight.t())
        if active.tangent is None:
            return Dual(value)
        with torch.no_grad():
            return Dual(value, active.tangent @ weight.t())

    def _plan(self, length: int) -> dict[Convolution, Matrix]:
        """Return the dense maps of all convolutions for chunks of ``length`` steps."""
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


class _Cache:
    """Unrolled networks and time modulations of fixed weights, for evaluation mode without gradients.

    Addresses and versions of the parameters notice weights that were loaded, exchanged or changed in place. Fused
    optimisers change weights without a new version: a pass with gradients therefore clears the cache.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        self._watch: Watch | None = None
        self._programs: dict[int, tuple[Plan, FrozenUnet | None]] = {}
        self._modulations: dict[tuple[float, ...], Tensor] = {}

    def program(self, unet: ConditionalUnet, length: int) -> tuple[Plan, FrozenUnet | None]:
        """Return the dense maps, and the unrolled network where all lengths are short enough for them."""
        self._refresh(unet)
        if length not in self._programs:
            plan = unet._plan(length)
            for part, (matrix, bias) in plan.items():  # one after the other: all weights twice would be a gigabyte more
                plan[part] = _by_inputs(matrix), bias
            self._programs[length] = plan, (FrozenUnet(unet, plan, length) if length <= DENSE_LIMIT else None)
        return self._programs[length]

    def modulation(self, unet: ConditionalUnet, times: tuple[Time, ...]) -> Tensor:
        """Return the times' part of the modulation, ``(1, Σ 2C)``; ``program`` was called before."""
        key = tuple(float(time) for time in times)
        if key not in self._modulations:
            weight = unet.film_time.weight
            duals = [Dual(weight.new_full((1,), time)) for time in key]
            self._modulations[key] = unet._modulation(duals, weight.new_zeros(1, len(weight))).value
        return self._modulations[key]

    def _refresh(self, unet: ConditionalUnet) -> None:
        if self._watch is None or not self._watch.unchanged():
            self.clear()
            self._watch = Watch(unet)


def _by_inputs(matrix: Tensor) -> Tensor:
    """Return a matrix that lies in memory as the unrolled network wants it, so that both share it."""
    return matrix.t().contiguous().t()


def _film(condition: int, embedding: int, outputs: int) -> tuple[nn.Linear, nn.Linear]:
    """Return the two parts of one linear layer on [condition, embedding], initialised as that layer would be."""
    bound = 1 / math.sqrt(condition + embedding)
    parts = nn.Linear(condition, outputs), nn.Linear(embedding, outputs, bias=False)
    for parameter in (*parts[0].parameters(), *parts[1].parameters()):
        nn.init.uniform_(parameter, -bound, bound)
    return parts
