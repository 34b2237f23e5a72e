"""Lyapunov spectra: exact for linear maps, and those of Lorenz-63; the sum is the mean divergence."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.dynamics.lyapunov import spectrum
from simplatform.envs.dynamics.systems.lorenz63 import LORENZ63
from simplatform.envs.dynamics.truth import bundle
from simplatform.errors import SolverError


def test_a_linear_map_has_the_logarithms_of_its_singular_directions():
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    matrix = turn @ np.diag([1.2, 0.9, 0.5]) @ turn.T

    def advance(windows):
        return windows @ matrix.T

    found = spectrum(advance, np.full((1, 3), 1e-3), 0.5, 60)
    np.testing.assert_allclose(found, np.log([1.2, 0.9, 0.5]) / 0.5, atol=5e-3)


def test_lorenz_has_one_positive_one_zero_and_the_sum_of_its_divergence():
    start = np.array([[1.0, 3.0, 20.0]])

    def advance(windows):
        times = np.broadcast_to([0.0, 0.1], (len(windows), 2))
        return bundle(LORENZ63, windows[:, 0], times)[:, -1:]

    found = spectrum(advance, start, 0.1, 300)
    assert found[0] == pytest.approx(0.906, abs=0.15)  # 27 time units
    assert found[1] == pytest.approx(0.0, abs=0.1)
    assert found.sum() == pytest.approx(-(10 + 1 + 8 / 3), rel=1e-3)


def test_a_map_that_leaves_is_refused():
    with pytest.raises(SolverError, match="leaves the finite numbers"):
        spectrum(lambda windows: windows * np.inf, np.ones((1, 2)), 1.0, 3)
