"""Fields on a periodic grid: one predictor for all points, which sees a neighbourhood of each."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Layout:
    """How a state of ``d`` numbers is read: as ``fields`` on a periodic grid, or (``fields`` = 0) as one whole.

    A predictor sees windows ``(length, channels)`` of a place and answers ``outputs`` there; ``places`` counts them. A
    window runs over the ``delays`` with all neighbours as channels, or (``across``) the other way round.
    """

    dim: int
    fields: int = 0
    stencil: int = 0
    delays: int = 1
    across: bool = False

    @property
    def places(self) -> int:
        """Places that are predicted apart: grid points, or one."""
        return self.dim // self.fields if self.fields else 1

    @property
    def outputs(self) -> int:
        """Numbers per place."""
        return self.fields or self.dim

    @property
    def length(self) -> int:
        """Length of a place's window."""
        return 2 * self.stencil + 1 if self.across else self.delays

    @property
    def channels(self) -> int:
        """Numbers that a place's window holds at each of its positions."""
        if not self.fields:
            return self.dim
        return self.fields * (self.delays if self.across else 2 * self.stencil + 1)

    def spread(self, window: Tensor) -> Tensor:
        """Turn windows ``(B, q, d)`` into those of all places, ``(B · places, length, channels)``."""
        if not self.fields:
            return window
        grid = window.unflatten(2, (self.fields, self.places))
        offsets = range(-self.stencil, self.stencil + 1)
        seen = torch.stack([grid.roll(-offset, 3) for offset in offsets], dim=3)  # (B, q, f, 2r + 1, n)
        order = (0, 4, 3, 2, 1) if self.across else (0, 4, 1, 2, 3)
        return seen.permute(order).flatten(3).flatten(0, 1)

    def split(self, states: Tensor) -> Tensor:
        """Turn states ``(B, d)`` into those of all places, ``(B · places, outputs)``."""
        if not self.fields:
            return states
        answer: Tensor = states.unflatten(1, (self.fields, self.places)).transpose(1, 2).flatten(0, 1)
        return answer

    def join(self, values: Tensor, batch: int) -> Tensor:
        """Undo ``split``: ``(B, d)``."""
        if not self.fields:
            return values
        answer: Tensor = values.unflatten(0, (batch, self.places)).transpose(1, 2).flatten(1)
        return answer

    def centre(self, local: Tensor) -> Tensor:
        """Return the newest state of the place itself, ``(…, outputs)``, of windows ``(…, length, channels)``."""
        if not self.fields:
            return local[..., -1, :]
        newest: Tensor
        if self.across:
            newest = local[..., self.stencil, :].unflatten(-1, (self.fields, -1))[..., -1]
        else:
            newest = local[..., -1, :].unflatten(-1, (self.fields, -1))[..., self.stencil]
        return newest
