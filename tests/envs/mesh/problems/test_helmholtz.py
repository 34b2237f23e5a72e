"""Helmholtz and Poisson: the source belongs to the exact solution; several are solved together on a device."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.mesh.geometry.generators import generate
from simplatform.envs.mesh.problems.helmholtz import Helmholtz
from simplatform.envs.mesh.problems.poisson import Poisson
from simplatform.testing import pretend_device

BOX = np.zeros(2), np.ones(2)


@pytest.mark.parametrize("family", [Helmholtz, Poisson])
def test_the_source_is_what_the_equation_leaves_of_the_exact_solution(family):
    problem, h = family.sample(np.random.default_rng(1), *BOX), 1e-4
    points = np.random.default_rng(2).uniform(0.1, 0.9, (40, 2))
    steps = h * np.eye(2)
    laplacian = sum(problem.exact(points + s) - 2 * problem.exact(points) + problem.exact(points - s) for s in steps)
    expected = problem.reaction * problem.exact(points) - laplacian / h**2
    scale = np.abs(expected).max()
    np.testing.assert_allclose(problem.source(points), expected, atol=1e-5 * scale)


def test_problems_on_a_device_are_solved_together_and_those_of_the_host_solve_themselves():
    draw, meshes = np.random.default_rng(3), [generate("square", n, 0, "delaunay") for n in (5, 8)]
    problems = [Helmholtz.sample(draw, *BOX) for _ in meshes]
    assert Helmholtz.solve_all(problems, meshes) == [None, None]
    alone = [problem.solve(mesh) for problem, mesh in zip(problems, meshes, strict=True)]
    for problem in problems:
        problem.device = "pretend"
    with pretend_device():
        assert Helmholtz.solve_all(problems[:1], meshes[:1]) == [None]
        together = Helmholtz.solve_all(problems, meshes)
    for one, other in zip(together, alone, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-9 * np.abs(other).max())
