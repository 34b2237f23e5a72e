"""Lorenz 63: its three fixed points, its contraction, its symmetry."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.dynamics.systems.lorenz63 import LORENZ63


def slope(x, **parameters):
    return LORENZ63.rhs(0.0, np.asarray(x, float), {**LORENZ63.parameters, **parameters})


@pytest.mark.parametrize("rho", [14.0, 28.0])
def test_the_fixed_points(rho):
    beta = LORENZ63.parameters["beta"]
    root = np.sqrt(beta * (rho - 1))
    for point in ((0, 0, 0), (root, root, rho - 1), (-root, -root, rho - 1)):
        assert np.abs(slope(point, rho=rho)).max() < 1e-12


def test_volumes_shrink_at_the_same_rate_everywhere():
    rate = -(LORENZ63.parameters["sigma"] + 1 + LORENZ63.parameters["beta"])
    for x in np.random.default_rng(0).normal(0, 10, (5, 3)):
        jacobian = [(slope(x + 1e-5 * e) - slope(x - 1e-5 * e)) / 2e-5 for e in np.eye(3)]
        assert np.trace(jacobian) == pytest.approx(rate, rel=1e-6)


def test_the_mirror_image_of_a_state_moves_as_its_mirror_image():
    x = np.random.default_rng(1).normal(0, 10, (20, 3))
    mirror = np.array([-1, -1, 1])
    assert np.allclose(slope(x * mirror), slope(x) * mirror)
