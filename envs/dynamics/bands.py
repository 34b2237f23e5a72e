"""Bands around a forecast that hold the truth as often as they say: split conformal, one width for each step ahead.

The widths are quantiles of what forecasts of validation data miss (Vovk et al., 2005; Stankevičiūtė et al., 2021).
Those forecasts begin at many moments of one series, so that they are not independent: how often bands hold is measured
on test data and said, not promised.
"""

from __future__ import annotations

from math import ceil

import numpy as np

from simplatform.envs.dynamics.systems.base import Array

LEVELS = (0.5, 0.9)


def widths(said: Array, truth: Array, levels: tuple[float, ...] = LEVELS) -> Array:
    """Return half-widths ``(L, T, d)`` from forecasts and truths ``(N, T, d)``: the conformal quantile of |gap|.

    With N forecasts the ⌈(N + 1) level⌉-th smallest gap is taken; where N is too small for that, the largest.
    """
    gaps = np.sort(np.abs(said - truth), axis=0)
    count = len(gaps)
    ranks = [min(ceil((count + 1) * level), count) - 1 for level in levels]
    return np.asarray(np.stack([gaps[rank] for rank in ranks]), float)


def coverage(said: Array, truth: Array, half: Array) -> list[float]:
    """Return the share of values ``(N, T, d)`` that lie within the bands of each half-width ``(L, T, d)``."""
    inside = np.abs(said - truth) <= half[:, None]
    return [float(level.mean()) for level in inside]


def origins(path: Array, window: int, steps: int, most: int) -> tuple[Array, Array]:
    """Return windows ``(N, window, d)`` spread over a path ``(T, d)`` and what follows each, ``(N, steps, d)``."""
    last = len(path) - window - steps
    firsts = np.unique(np.linspace(0, max(last, 0), most).astype(int))
    windows = np.stack([path[first : first + window] for first in firsts])
    return windows, np.stack([path[first + window : first + window + steps] for first in firsts])
