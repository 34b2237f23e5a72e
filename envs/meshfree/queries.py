"""Where solutions are asked for, and how what is answered differs from the truth there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

Floats = NDArray[np.float64]
GRID = 3
"""Up to this dimension, points are the middles of a grid's cells; beyond, a Halton sequence."""


def shape_of(dim: int, count: int) -> tuple[int, ...]:
    """Return the shape of the grid of about ``count`` points; empty where there is none."""
    return (round(count ** (1 / dim)),) * dim if dim <= GRID else ()


def query_points(low: Floats, high: Floats, count: int) -> Floats:
    """Return about ``count`` points of a box, ``(Q, d)``: middles of a grid's cells, or spread evenly beyond 3-D."""
    shape = shape_of(len(low), count)
    if shape:
        lines = [(np.arange(n) + 0.5) / n for n in shape]
        unit = np.stack(np.meshgrid(*lines, indexing="ij"), -1).reshape(-1, len(shape))
    else:
        unit = qmc.Halton(len(low), scramble=False).random(count + 1)[1:]
    points: Floats = low + (high - low) * unit
    return points


def relative_error(found: Floats, truth: Floats) -> float:
    """Return ‖found − truth‖₂ / ‖truth‖₂ over points, the mean over unknowns ``(Q, m)``; infinite if not finite."""
    if not np.isfinite(found).all():
        return float("inf")
    size = np.sqrt(np.square(truth).mean(0))
    gap = np.sqrt(np.square(found - truth).mean(0))
    return float((gap / np.maximum(size, 1e-300)).mean())


def largest_error(found: Floats, truth: Floats) -> float:
    """Return the largest error in units of the truth's largest value, the worst of the unknowns."""
    if not np.isfinite(found).all():
        return float("inf")
    return float((np.abs(found - truth).max(0) / np.maximum(np.abs(truth).max(0), 1e-300)).max())
