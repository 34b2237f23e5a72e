"""Sums of random Gaussians: the family of manufactured solutions of UM2N (section 2 of its specification)."""

import numpy as np


def test_gaussian_derivatives_match_differences():
    from simplatform.envs.mesh.problems.gaussians import Gaussians

    field = Gaussians.sample(np.random.default_rng(1), np.zeros(2), np.ones(2))
    point, h = np.array([[0.3, 0.6]]), 1e-4
    shifts = h * np.array([[1, 0], [0, 1.0]])
    slope = [(field(point + s) - field(point - s)) / (2 * h) for s in shifts]
    bend = sum((field(point + s) - 2 * field(point) + field(point - s)) / h**2 for s in shifts)
    assert np.allclose(field.gradient(point)[0], np.ravel(slope), atol=1e-6)
    assert np.allclose(field.laplacian(point), bend, atol=1e-4)
