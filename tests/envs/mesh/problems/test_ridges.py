"""Ridges: derivatives against differences, and the solver's order."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.problems.ridges import HelmholtzRidge, PoissonRidge, Ridge

RIDGE = Ridge(np.array([0.7, 0.8, 0.3]))


def test_derivatives_are_those_of_the_value():
    points, h = np.random.default_rng(0).uniform(size=(40, 2)), 1e-4
    steps = h * np.eye(2)
    slope = np.stack([(RIDGE(points + s) - RIDGE(points - s)) / (2 * h) for s in steps], -1)
    second = sum((RIDGE(points + s) - 2 * RIDGE(points) + RIDGE(points - s)) / h**2 for s in steps)
    np.testing.assert_allclose(RIDGE.gradient(points), slope, atol=1e-6)
    np.testing.assert_allclose(RIDGE.laplacian(points), second, atol=1e-4)


@pytest.mark.parametrize("family", [HelmholtzRidge, PoissonRidge])
def test_the_error_falls_with_the_square_of_the_edge(family):
    problem, errors = family(RIDGE), []
    for n in (10, 20):
        mesh = generate("square", n, 0)
        errors.append(problem.error(mesh, problem.solve(mesh)))
    assert np.log2(errors[0] / errors[1]) > 1.7


def test_a_draw_lies_in_the_domain():
    for seed in range(20):
        problem = PoissonRidge.sample(np.random.default_rng(seed), np.zeros(2), np.ones(2))
        assert problem.exact(generate("square", 20, 0).points).max() > 0.8
        assert 0.05 <= problem.parameters[2] <= 0.15
