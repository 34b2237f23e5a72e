"""Viscous Burgers in two components: ∂u/∂t + (u·∇)u = νΔu (UM2N, section 2 of its specification)."""

import numpy as np
import pytest

from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.problems.burgers import Burgers
from simplatform.envs.mesh.problems.heat import Heat
from simplatform.envs.mesh.problems.swirl import Swirl


def final_error(problem, mesh):
    state = problem.initial(mesh)
    for interval in range(problem.intervals):
        state = problem.advance(mesh, state, interval)
    return problem.error(mesh, state, problem.intervals - 1)


def order(make, sizes):
    coarse, fine = (final_error(make(n), generators.structured_square(n)) for n in sizes)
    return np.log2(coarse / fine)


def wave(points, time):
    """A travelling wave that solves the two Burgers equations exactly with ν = 1/50 (Bahadır, 2003)."""
    z = 1 / (1 + np.exp((-4 * points[:, 0] + 4 * points[:, 1] - time) * 50 / 32))
    return np.stack([0.75 - 0.25 * z, 0.75 + 0.25 * z], axis=1)


PEAKS = np.array([[1, 0.4, 0.5, 0.04], [0.7, 0.7, 0.6, 0.03]])


@pytest.mark.parametrize(
    ("make", "sizes"),
    [
        (lambda n: Heat(PEAKS, intervals=4, substeps=n // 8), (8, 16)),
        (lambda n: Burgers(np.zeros((1, 2)), 1 / 50, end=0.5, intervals=(n // 8) ** 2 * 4, exact=wave), (8, 16)),
        (lambda n: Swirl([0.3, 0.3], 0.1, intervals=2, end=0.2), (16, 32)),
    ],
    ids=["heat", "burgers", "swirl"],
)
def test_second_order_in_space(make, sizes):
    assert 1.7 < order(make, sizes) < 2.3
