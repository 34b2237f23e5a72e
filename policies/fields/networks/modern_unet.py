"""The conditional modern U-Net on periodic grids (Gupta & Brandstetter, 2022, arXiv:2209.15616).

As PDE-Refiner uses it (Lippe et al., 2023, arXiv:2308.05732): conditions are added between the two convolutions of each
block; widths grow by the product of the multipliers; up-sampling pads with zeros, as published, though the grid is
periodic.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from simplatform.policies.fields.networks.layers import Embedding, convolution, doubled

GROUPS = 8
"""Groups of the last norm; the blocks' own norms have one."""


class ModernUNet(nn.Module):
    """``(B, inputs, *points)`` and conditions ``(B, numbers)`` to ``(B, outputs, *points)``.

    Every direction must be divisible by 2^(levels − 1). The first condition is the level of a refinement, or 0.
    """

    def __init__(
        self,
        dim: int,
        inputs: int,
        outputs: int,
        conditions: int,
        width: int = 64,
        multipliers: Sequence[int] = (1, 2, 2, 4),
        blocks: int = 2,
        *,
        attention: bool = False,
        scaled: bool = False,
        taps: int = 3,
        periodic: bool = True,
    ) -> None:
        """Build it.

        Args:
            dim: directions of the grid, 1 to 3.
            inputs: channels that come in.
            outputs: channels that go out.
            conditions: numbers that condition it, such as level, viscosity, time step.
            width: channels after the first convolution; a multiple of 8.
            multipliers: each level's width by that of the level before.
            blocks: residual blocks of a level on the way down; one more on the way up.
            attention: whether the middle attends.
            scaled: whether conditions scale and shift, or are only added.
            taps: of the first and the last convolution.
            periodic: whether the grid is; otherwise convolutions pad with zeros.
        """
        super().__init__()
        make = _Maker(dim, 4 * width, scaled, periodic)
        self.embeddings = nn.ModuleList(Embedding(width) for _ in range(conditions))
        self.stem = convolution(dim, inputs, width, taps, periodic=periodic)
        self.down, skips, n = nn.ModuleList(), [width], width
        for level, multiplier in enumerate(multipliers):
            for _ in range(blocks):
                self.down.append(make(n, n * multiplier))
                n, multiplier = n * multiplier, 1
                skips.append(n)
            if level < len(multipliers) - 1:
                self.down.append(convolution(dim, n, n, stride=2, periodic=periodic))
                skips.append(n)
        self.middle = nn.ModuleList([make(n, n), *([QueryAttention(n)] if attention else []), make(n, n)])
        self.up = nn.ModuleList()
        for level, multiplier in reversed(list(enumerate(multipliers))):
            for block in range(blocks + 1):
                out = n // multiplier if block == blocks else n
                self.up.append(make(n + skips.pop(), out))
                n = out
            if level:
                self.up.append(doubled(dim, n, n))
        self.norm = nn.GroupNorm(GROUPS, n)
        self.final = convolution(dim, n, outputs, taps, periodic=periodic)
        for parameter in self.final.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, conditions: Tensor) -> Tensor:
        """Map fields under conditions."""
        embedded = sum(embed(conditions[:, i]) for i, embed in enumerate(self.embeddings))
        x = self.stem(x)
        skips = [x]
        for layer in self.down:
            x = layer(x, embedded) if isinstance(layer, Residual) else layer(x)
            skips.append(x)
        for layer in self.middle:
            x = layer(x, embedded) if isinstance(layer, Residual) else layer(x)
        for layer in self.up:
            x = layer(torch.cat((x, skips.pop()), 1), embedded) if isinstance(layer, Residual) else layer(x)
        found: Tensor = self.final(nn.functional.gelu(self.norm(x)))
        return found


class Residual(nn.Module):
    """Norm, GELU, convolution, twice, with the conditions between, beside a shortcut."""

    def __init__(self, dim: int, inputs: int, outputs: int, embedded: int, scaled: bool, periodic: bool) -> None:
        super().__init__()
        self.first = convolution(dim, inputs, outputs, periodic=periodic)
        self.second = convolution(dim, outputs, outputs, periodic=periodic)
        self.first_norm, self.second_norm = nn.GroupNorm(1, inputs), nn.GroupNorm(1, outputs)
        self.condition = nn.Linear(embedded, 2 * outputs if scaled else outputs)
        self.shortcut = nn.Identity() if inputs == outputs else convolution(dim, inputs, outputs, 1)
        self.scaled = scaled
        for parameter in self.second.parameters():
            nn.init.zeros_(parameter)

    def forward(self, x: Tensor, embedded: Tensor) -> Tensor:
        """Map ``(B, inputs, *points)`` to ``(B, outputs, *points)``."""
        gelu = nn.functional.gelu
        h = self.first(gelu(self.first_norm(x)))
        condition = self.condition(embedded)
        condition = condition.reshape(*condition.shape, *(1,) * (x.ndim - 2))
        if self.scaled:
            scale, shift = condition.chunk(2, 1)
            h = self.second(gelu(self.second_norm(h) * (1 + scale) + shift))
        else:
            h = self.second(gelu(self.second_norm(h + condition)))
        found: Tensor = h + self.shortcut(x)
        return found


class QueryAttention(nn.Module):
    """Attention with one head whose softmax runs over the *queries*, as published; its norm is never used."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, width)
        self.projection, self.output = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x: Tensor) -> Tensor:
        """Attend over all points, and add."""
        tokens = x.flatten(2).transpose(1, 2)
        query, key, value = self.projection(tokens).chunk(3, -1)
        weights = (query @ key.transpose(1, 2) * query.shape[-1] ** -0.5).softmax(1)
        found: Tensor = self.output(weights @ value) + tokens
        return found.transpose(1, 2).reshape(x.shape)


class _Maker:
    """Makes residual blocks of one network."""

    def __init__(self, dim: int, embedded: int, scaled: bool, periodic: bool) -> None:
        self._settings = dim, embedded, scaled, periodic

    def __call__(self, inputs: int, outputs: int) -> Residual:
        dim, embedded, scaled, periodic = self._settings
        return Residual(dim, inputs, outputs, embedded, scaled, periodic)
