"""Blocks of the conditional U-Net: convolution, group norm, Mish; residual blocks modulated by FiLM."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor, nn

import simplatform.policies.nn.unet.dual as dual
from simplatform.policies.nn.typed import ModuleList
from simplatform.policies.nn.unet.convolution import DENSE_LIMIT, Convolution
from simplatform.policies.nn.unet.dual import Dual

Matrix = tuple[Tensor, Tensor]
Plan = Mapping[Convolution, Matrix]
"""The dense maps of all convolutions for one chunk length; empty where the convolution itself is used."""


class ConvolutionBlock(nn.Module):
    """Convolution that keeps the length, group norm, Mish."""

    def __init__(self, inputs: int, outputs: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.convolution = Convolution(inputs, outputs, kernel, padding=kernel // 2)
        self.norm = nn.GroupNorm(groups, outputs)

    def forward(self, x: Dual, plan: Plan) -> Dual:
        """Map ``(B, C_in, T)`` to ``(B, C_out, T)``."""
        y = self.convolution.convolve(x, plan.get(self.convolution))
        norm = self.norm
        return dual.mish(dual.group_norm(y, norm.num_groups, norm.weight, norm.bias, norm.eps))


class ResidualBlock(nn.Module):
    """Two convolution blocks with FiLM between them, plus the input (through a 1×1 convolution if the width changes).

    As in Diffusion Policy (Chi et al., 2023): ``scale * h + shift``, without adding one to the scale.
    """

    def __init__(self, inputs: int, outputs: int, kernel: int, groups: int) -> None:
        super().__init__()
        self.outputs = outputs
        self.first = ConvolutionBlock(inputs, outputs, kernel, groups)
        self.second = ConvolutionBlock(outputs, outputs, kernel, groups)
        self.shortcut = Convolution(inputs, outputs, 1) if inputs != outputs else None

    def forward(self, x: Dual, film: tuple[Dual, Dual], plan: Plan) -> Dual:
        """Map ``(B, C_in, T)`` to ``(B, C_out, T)``; ``film`` is scale and shift, each ``(B, C_out, 1)``."""
        y = self.second(dual.modulate(self.first(x, plan), *film), plan)
        shortcut = x if self.shortcut is None else self.shortcut.convolve(x, plan.get(self.shortcut))
        return dual.add(y, shortcut)


class Stage(nn.Module):
    """Residual blocks at one resolution, then a change of resolution (or none)."""

    def __init__(self, blocks: list[ResidualBlock], resample: Convolution | None) -> None:
        super().__init__()
        self.blocks: ModuleList[ResidualBlock] = ModuleList(blocks)
        self.resample = resample

    def residual(self, x: Dual, films: Iterator[tuple[Dual, Dual]], plan: Plan) -> Dual:
        """Apply the residual blocks, each with the next of ``films``."""
        for block in self.blocks:
            x = block(x, next(films), plan)
        return x

    def resized(self, x: Dual, plan: Plan) -> Dual:
        """Change the resolution."""
        return x if self.resample is None else self.resample.convolve(x, plan.get(self.resample))

    def plan(self, length: int) -> tuple[dict[Convolution, Matrix], int]:
        """Return the dense maps for an input of ``length`` steps, and the length that the stage gives."""
        maps = dense_maps(self.blocks, length)
        if self.resample is None:
            return maps, length
        return maps | dense_maps(self.resample, length), self.resample.length(length)


def dense_maps(module: nn.Module, length: int) -> dict[Convolution, Matrix]:
    """Return the dense maps of a module's convolutions, all on ``length`` steps."""
    if length > DENSE_LIMIT:
        return {}
    return {part: part.matrix(length) for part in module.modules() if isinstance(part, Convolution)}


def split_film(film: Dual, widths: list[int]) -> Iterator[tuple[Dual, Dual]]:
    """Split one modulation vector ``(B, Σ 2C)`` into scale and shift, ``(B, C, 1)`` each, block by block."""
    sizes = [width for width in widths for _ in range(2)]
    values = torch.split(film.value.unsqueeze(2), sizes, 1)
    tangents = [None] * len(sizes) if film.tangent is None else torch.split(film.tangent.unsqueeze(2), sizes, 1)
    parts = [Dual(value, tangent) for value, tangent in zip(values, tangents, strict=True)]
    return zip(parts[::2], parts[1::2], strict=True)
