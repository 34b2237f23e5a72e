"""SineNet: small U-Nets one after the other, each of which moves the features a little (Zhang et al., ICLR 2024).

In one U-Net the skip connections carry features that the flow has moved on from; a wave of several short steps keeps
both sides of a skip near each other. "Disentangled": every level sees the wave's own input, pooled.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn

from simplatform.policies.fields.networks.layers import Embedding, convolution, halved, wrapped

LEVELS = 4
WRAPPED = 2
"""Cells that a periodic map is extended by before it is interpolated."""


class SineNet(nn.Module):
    """``(B, inputs, *points)`` and conditions ``(B, numbers)`` to ``(B, outputs, *points)``, in one or two directions.

    Every direction must be divisible by 16; periodic ones want 32 points or more.
    """

    def __init__(
        self,
        dim: int,
        inputs: int,
        outputs: int,
        conditions: int = 0,
        waves: int = 4,
        width: int = 64,
        growth: float = 1.611,
        blocks: int = 1,
        *,
        periodic: bool = True,
        disentangled: bool = True,
        scaled: bool = True,
    ) -> None:
        """Set the sizes: ``width · growth^k`` channels at level k, cut to whole numbers."""
        super().__init__()
        self.embeddings = nn.ModuleList(Embedding(width) for _ in range(conditions))
        embedded = 4 * width if conditions else 0
        widths = [int(width * growth**k) for k in range(LEVELS + 1)]
        self.stem = convolution(dim, inputs, width, periodic=periodic)
        self.waves = nn.ModuleList(
            _Wave(dim, widths, blocks, embedded, periodic, disentangled, scaled) for _ in range(waves)
        )
        self.final = convolution(dim, width, outputs, periodic=periodic)

    def forward(self, x: Tensor, conditions: Tensor | None = None) -> Tensor:
        """Map fields under conditions."""
        embedded = None
        if len(self.embeddings) and conditions is not None:
            embedded = torch.stack([embed(conditions[:, i]) for i, embed in enumerate(self.embeddings)]).sum(0)
        x = self.stem(x)
        for wave in self.waves:
            x = wave(x, embedded)
        found: Tensor = self.final(x)
        return found


class _Wave(nn.Module):
    """One U-Net beside a shortcut."""

    def __init__(
        self, dim: int, widths: list[int], blocks: int, embedded: int, periodic: bool, disentangled: bool, scaled: bool
    ) -> None:
        super().__init__()

        def layer(inputs: int, beside: int, outputs: int) -> _Layer:
            return _Layer(dim, inputs, beside, outputs, blocks, embedded, periodic, scaled)

        beside = [0 if k == 0 or not disentangled else widths[0] for k in range(LEVELS)]
        self.down = nn.ModuleList(layer(widths[k], beside[k], widths[k + 1]) for k in range(LEVELS))
        self.up = nn.ModuleList(layer(widths[k + 1], widths[k], widths[k]) for k in reversed(range(LEVELS)))
        self.pool, self.disentangled = halved(dim), disentangled
        self.periodic = periodic

    def forward(self, x: Tensor, embedded: Tensor | None) -> Tensor:
        h, pooled, skips = x, x, []
        for level, layer in enumerate(self.down):
            skips.append(h)
            h, pooled = self.pool(h), self.pool(pooled)
            seen = torch.cat((h, pooled), 1) if level and self.disentangled else h
            h = layer(h, seen, embedded)
        for layer in self.up:
            h = doubled(h, self.periodic)
            h = layer(h, torch.cat((skips.pop(), h), 1), embedded)
        return x + h


class _Layer(nn.Module):
    """Convolution blocks over all that is seen, beside a 1-tap shortcut of the features alone."""

    def __init__(
        self, dim: int, inputs: int, beside: int, outputs: int, blocks: int, embedded: int, periodic: bool, scaled: bool
    ) -> None:
        super().__init__()
        sizes = [inputs + beside, *[outputs] * blocks]
        self.blocks = nn.ModuleList(
            _Block(dim, before, after, embedded, periodic, scaled) for before, after in pairwise(sizes)
        )
        self.shortcut = convolution(dim, inputs, outputs, 1, periodic=periodic)

    def forward(self, features: Tensor, seen: Tensor, embedded: Tensor | None) -> Tensor:
        h: Tensor = self.blocks[0](seen, embedded) + self.shortcut(features)
        for block in self.blocks[1:]:
            h = block(h, embedded) + h
        return h


class _Block(nn.Module):
    """Convolution, norm, GELU, twice; conditions act after the first GELU."""

    def __init__(self, dim: int, inputs: int, outputs: int, embedded: int, periodic: bool, scaled: bool) -> None:
        super().__init__()
        self.first = convolution(dim, inputs, outputs, periodic=periodic)
        self.second = convolution(dim, outputs, outputs, periodic=periodic)
        self.first_norm, self.second_norm = nn.GroupNorm(1, outputs), nn.GroupNorm(1, outputs)
        self.condition = nn.Linear(embedded, 2 * outputs if scaled else outputs) if embedded else None
        self.scaled = scaled

    def forward(self, x: Tensor, embedded: Tensor | None) -> Tensor:
        gelu = nn.functional.gelu
        h = gelu(self.first_norm(self.first(x)))
        if self.condition is not None and embedded is not None:
            condition = self.condition(embedded).reshape(len(h), -1, *(1,) * (h.ndim - 2))
            h = h * (1 + condition[:, : h.shape[1]]) + condition[:, h.shape[1] :] if self.scaled else h + condition
        found: Tensor = gelu(self.second_norm(self.second(h)))
        return found


def doubled(x: Tensor, periodic: bool) -> Tensor:
    """Return maps ``(B, C, *points)`` in one or two directions at twice the points, by cubic interpolation (a = −¾)."""
    flat = x.ndim == 3
    x = x[:, :, None] if flat else x
    size = [1 if flat else 2 * x.shape[2], 2 * x.shape[3]]
    if periodic:
        rows = 0 if flat else WRAPPED
        x = wrapped(x[:, :, 0], WRAPPED)[:, :, None] if flat else wrapped(x, WRAPPED)
        size = [size[0] + 4 * rows, size[1] + 4 * WRAPPED]
    x = nn.functional.interpolate(x, size=size, mode="bicubic", align_corners=False)
    if periodic:
        cut = slice(2 * WRAPPED, -2 * WRAPPED)
        x = x[:, :, :, cut] if flat else x[:, :, cut, cut]
    return x[:, :, 0] if flat else x
