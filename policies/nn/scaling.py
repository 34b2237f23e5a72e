"""Units that follow from data: what is one for a component, whatever it was measured in.

No threshold here is a number in the data's own unit: multiplying data by 1e-9 or 1e9 multiplies its units by the same.
"""

from __future__ import annotations

import torch
from torch import Tensor

ROUNDING = 64.0
"""Roundings of the largest value up to which a spread is taken for that of a constant."""


def spread(values: Tensor) -> Tensor:
    """Return the standard deviation of each column of ``(N, C)``; see ``positive`` for columns that are constant."""
    return positive(values.std(0), values.abs().amax(0))


def positive(scale: Tensor, size: Tensor) -> Tensor:
    """Return ``scale`` where it is more than the rounding of values as large as ``size``, both of one shape.

    What does not vary is measured in its own size, and in 1 where that is zero: dividing by the answer is always safe.
    """
    least = ROUNDING * torch.finfo(scale.dtype).eps * size
    own = torch.where(size > 0, size, torch.ones_like(size))
    return torch.where(scale > least, scale, own)
