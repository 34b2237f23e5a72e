"""Convolutions on periodic grids of one to three directions, and embeddings of numbers."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def wrapped(x: Tensor, by: int) -> Tensor:
    """Return maps ``(B, C, *points)`` that go on by ``by`` points of their own period on every side.

    The values of ``torch.nn.functional.pad(mode="circular")`` in less than half of its time, there and back, on a CPU.
    """
    for axis in range(2, x.ndim):
        n = x.shape[axis]
        x = torch.cat((x.narrow(axis, n - by, by), x, x.narrow(axis, 0, by)), axis)
    return x


class _Periodic1d(nn.Conv1d):
    def forward(self, input: Tensor) -> Tensor:
        return super().forward(wrapped(input, _reach(self)))


class _Periodic2d(nn.Conv2d):
    def forward(self, input: Tensor) -> Tensor:
        return super().forward(wrapped(input, _reach(self)))


class _Periodic3d(nn.Conv3d):
    def forward(self, input: Tensor) -> Tensor:
        return super().forward(wrapped(input, _reach(self)))


def _reach(layer: nn.Conv1d | nn.Conv2d | nn.Conv3d) -> int:
    """Return how far the layer looks to every side: it is as long in all directions."""
    return layer.dilation[0] * (layer.kernel_size[0] // 2)


_CONVOLUTIONS = {1: nn.Conv1d, 2: nn.Conv2d, 3: nn.Conv3d}
_PERIODIC = {1: _Periodic1d, 2: _Periodic2d, 3: _Periodic3d}
_TRANSPOSED = {1: nn.ConvTranspose1d, 2: nn.ConvTranspose2d, 3: nn.ConvTranspose3d}
_POOLS = {1: nn.AvgPool1d, 2: nn.AvgPool2d, 3: nn.AvgPool3d}


def convolution(
    dim: int, inputs: int, outputs: int, size: int = 3, *, stride: int = 1, dilation: int = 1, periodic: bool = True
) -> nn.Module:
    """Return a convolution that keeps the grid (or divides it by ``stride``), padded by its own periods or by zeros."""
    if periodic and size > 1:
        return _PERIODIC[dim](inputs, outputs, size, stride=stride, dilation=dilation)
    return _CONVOLUTIONS[dim](inputs, outputs, size, stride=stride, dilation=dilation, padding=dilation * (size // 2))


def doubled(dim: int, inputs: int, outputs: int) -> nn.Module:
    """Return a transposed convolution (4 taps, stride 2) that doubles the grid; it pads with zeros."""
    return _TRANSPOSED[dim](inputs, outputs, 4, stride=2, padding=1)


def halved(dim: int) -> nn.Module:
    """Return the average over pairs in every direction."""
    found: nn.Module = _POOLS[dim](2)
    return found


def sinusoids(x: Tensor, width: int) -> Tensor:
    """Return ``[cos, sin]`` of numbers ``(B,)`` at ``width // 2`` frequencies, 1 to nearly 1e-4: ``(B, width)``."""
    half = width // 2
    frequencies = torch.exp(-math.log(10_000) / half * torch.arange(half, dtype=torch.float32, device=x.device))
    angles = x.float()[:, None] * frequencies
    found = torch.cat((angles.cos(), angles.sin()), 1)
    return nn.functional.pad(found, (0, width % 2))


class Embedding(nn.Sequential):
    """Sinusoids of a number, then a perceptron: ``(B,)`` to ``(B, 4 width)``."""

    def __init__(self, width: int) -> None:
        super().__init__(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, 4 * width))
        self.width = width

    def forward(self, x: Tensor) -> Tensor:
        """Embed numbers."""
        found: Tensor = super().forward(sinusoids(x, self.width))  # type: ignore[no-untyped-call]  # Sequential is untyped
        return found
