"""Attention in shifted windows by cosines (Swin V2: Liu et al., 2022, arXiv:2111.09883), as scOT uses it."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

BARRED = -200.0
"""Added to the scores of pairs that a shift brought into one window; published code adds −100 twice."""


class WindowAttention(nn.Module):
    """Attention of tokens ``(B, H, W, C)`` within windows of ``size``², moved by ``shift`` tokens.

    Maps that windows do not divide are filled up with zeros at their ends, and these take part. A map that fits into
    one window is one window, and is not shifted.
    """

    def __init__(self, width: int, heads: int, size: int, shift: bool) -> None:
        super().__init__()
        self.heads, self.size, self.shift = heads, size, size // 2 if shift else 0
        self.query, self.value = nn.Linear(width, width), nn.Linear(width, width)
        self.key = nn.Linear(width, width, bias=False)
        self.output = nn.Linear(width, width)
        self.logit = nn.Parameter(torch.full((heads, 1, 1), math.log(10)))
        self.bias = nn.Sequential(nn.Linear(2, 512), nn.ReLU(), nn.Linear(512, heads, bias=False))

    def forward(self, x: Tensor) -> Tensor:
        """Attend."""
        height, width = x.shape[1:3]
        whole = max(height, width) <= self.size
        size, shift = (min(height, width), 0) if whole else (self.size, self.shift)
        x = nn.functional.pad(x, (0, 0, 0, -width % size, 0, -height % size))
        rows, columns = x.shape[1:3]
        if shift:
            x = torch.roll(x, (-shift, -shift), (1, 2))
        mask = _regions(rows, columns, size, shift).to(x) if shift else None
        x = _joined(self._attend(_windows(x, size), size, mask), rows, columns)
        if shift:
            x = torch.roll(x, (shift, shift), (1, 2))
        return x[:, :height, :width]

    def _attend(self, x: Tensor, size: int, mask: Tensor | None) -> Tensor:
        """Attend within windows ``(N, size², C)``; the mask is ``(windows of one map, size², size²)``."""
        query, key, value = (
            part(x).unflatten(-1, (self.heads, -1)).transpose(1, 2) for part in (self.query, self.key, self.value)
        )
        cosine = nn.functional.normalize(query, dim=-1) @ nn.functional.normalize(key, dim=-1).transpose(-2, -1)
        scores = cosine * self.logit.clamp_max(math.log(100)).exp() + self.position(size)
        if mask is not None:
            scores = (scores.unflatten(0, (-1, len(mask))) + mask[:, None]).flatten(0, 1)
        found: Tensor = self.output((scores.softmax(-1) @ value).transpose(1, 2).flatten(2))
        return found

    def position(self, size: int) -> Tensor:
        """Return the bias by relative position, ``(heads, size², size²)``."""
        at = self.logit
        steps = torch.arange(1 - size, size, dtype=at.dtype, device=at.device) * (8 / max(size - 1, 1))
        steps = steps.sign() * (steps.abs() + 1).log2() / 3
        table = self.bias(torch.stack(torch.meshgrid(steps, steps, indexing="ij"), -1))
        place = torch.arange(size, device=at.device)
        gap = place[:, None] - place + size - 1
        rows, columns = gap[:, None, :, None], gap[None, :, None, :]
        found: Tensor = 16 * table[rows, columns].flatten(0, 1).flatten(1, 2).sigmoid()
        return found.permute(2, 0, 1)


def _windows(x: Tensor, size: int) -> Tensor:
    """Cut ``(B, H, W, C)`` into ``(B · windows, size², C)``."""
    parts = x.unflatten(2, (-1, size)).unflatten(1, (-1, size)).transpose(2, 3)
    answer: Tensor = parts.flatten(0, 2).flatten(1, 2)
    return answer


def _joined(x: Tensor, rows: int, columns: int) -> Tensor:
    """Undo ``_windows``."""
    size = math.isqrt(x.shape[1])
    parts = x.unflatten(1, (size, size)).unflatten(0, (-1, rows // size, columns // size))
    answer: Tensor = parts.transpose(2, 3).flatten(3, 4).flatten(1, 2)
    return answer


def _regions(rows: int, columns: int, size: int, shift: int) -> Tensor:
    """Return what bars pairs of tokens from different sides of the edge, ``(windows, size², size²)``."""

    def parts(length: int) -> Tensor:
        place = torch.arange(length)
        return (place >= length - size).long() + (place >= length - shift).long()

    region = 3 * parts(rows)[:, None] + parts(columns)
    within = _windows(region[None, :, :, None].double(), size)[..., 0]
    return torch.where(within[:, :, None] == within[:, None, :], 0.0, BARRED)
