"""Fields on a periodic grid: one predictor for all points, which sees a neighbourhood of each."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Layout:
    """How a state of ``d`` numbers is read: as ``fields`` on a periodic grid, or (``fields`` = 0) as one whole.

    ``channels`` is what a predictor sees of a place, ``outputs`` what it answers there; ``places`` counts them.
    """

    dim: int
    fields: int = 0
    stencil: int = 0

    @property
    def places(self) -> int:
        """Places that are predicted apart: grid points, or one."""
        return self.dim // self.fields if self.fields else 1

    @property
    def outputs(self) -> int:
        """Numbers per place."""
        return self.fields or self.dim

    @property
    def channels(self) -> int:
        """Numbers that are seen of each place and its neighbours."""
        return self.fields * (2 * self.stencil + 1) if self.fields else self.dim

    def spread(self, window: Tensor) -> Tensor:
        """Turn windows ``(B, q, d)`` into those of all places, ``(B · places, q, channels)``."""
        if not self.fields:
            return window
        grid = window.unflatten(2, (self.fields, self.places))
        offsets = range(-self.stencil, self.stencil + 1)
        seen = torch.stack([grid.roll(-offset, 3) for offset in offsets], dim=3)  # (B, q, f, 2r + 1, n)
        return seen.permute(0, 4, 1, 2, 3).flatten(3).flatten(0, 1)

    def split(self, states: Tensor) -> Tensor:
        """Turn states ``(B, d)`` into those of all places, ``(B · places, outputs)``."""
        if not self.fields:
            return states
        return states.unflatten(1, (self.fields, self.places)).transpose(1, 2).flatten(0, 1)

    def join(self, values: Tensor, batch: int) -> Tensor:
        """Undo ``split``: ``(B, d)``."""
        if not self.fields:
            return values
        return values.unflatten(0, (batch, self.places)).transpose(1, 2).flatten(1)

    def centre(self, local: Tensor) -> Tensor:
        """Return the newest state of the place itself, ``(…, outputs)``, of local windows ``(…, q, channels)``."""
        if not self.fields:
            return local[..., -1, :]
        return local[..., -1, :].unflatten(-1, (self.fields, -1))[..., self.stencil]
