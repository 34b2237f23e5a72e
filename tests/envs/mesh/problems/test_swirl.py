"""Swirl: linear advection in a vortex that turns back at half time; discontinuous P1, upwind."""

import numpy as np
import pytest

from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.problems.swirl import Swirl


def test_swirl_conserves_mass_and_returns():
    problem, mesh = Swirl([0.3, 0.3], 0.06, intervals=4), generators.square(10)
    state = problem.initial(mesh)
    before = mesh.volumes @ state.mean(axis=1)
    for interval in range(4):
        state = problem.advance(mesh, state, interval)
    assert mesh.volumes @ state.mean(axis=1) == pytest.approx(before, rel=1e-10)
    points = np.random.default_rng(0).random((50, 2))
    assert np.allclose(problem.exact(points, 1.0), problem.peak(points))


def test_swirl_characteristics_run_back():
    problem, points = Swirl([0.3, 0.3], 0.06), np.random.default_rng(0).random((20, 2))
    assert np.allclose(problem.exact(points, 0.3), problem.exact(points, 0.7), atol=1e-12)
    assert np.allclose(problem.exact(points, 0.3, 100), problem.exact(points, 0.3, 200), atol=1e-5)
