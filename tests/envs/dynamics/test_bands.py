"""Conformal bands: exact on exchangeable gaps, and honest where there are few."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.dynamics.bands import LEVELS, coverage, origins, widths


def test_bands_hold_as_often_as_they_say_where_gaps_are_exchangeable():
    random = np.random.default_rng(0)
    shares = []
    for _ in range(200):
        gaps = random.standard_t(3, (2, 60, 4, 2))
        half = widths(gaps[0], np.zeros_like(gaps[0]))
        shares.append(coverage(gaps[1], np.zeros_like(gaps[1]), half))
    for level, mean in zip(LEVELS, np.mean(shares, axis=0), strict=True):
        assert mean == pytest.approx(level, abs=0.02)  # 96 000 gaps


def test_too_few_forecasts_give_the_widest_band_that_was_seen():
    said = np.array([1.0, -3.0, 2.0])[:, None, None]
    half = widths(said, np.zeros_like(said))
    assert half[:, 0, 0].tolist() == [2.0, 3.0]


def test_origins_are_spread_and_never_leave_the_path():
    path = np.arange(50.0)[:, None]
    windows, following = origins(path, 4, 10, 5)
    assert windows[0, 0, 0] == 0
    assert following[-1, -1, 0] == 49
    assert (following[:, 0, 0] == windows[:, -1, 0] + 1).all()
