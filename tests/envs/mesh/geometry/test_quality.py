"""Quality: 1 for equilateral simplices, whatever their size and place, 0 for flat ones, negative for inverted ones."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.mesh.geometry.mesh import Mesh
from simplatform.envs.mesh.geometry.quality import quality

EQUILATERAL = {
    "triangle": np.array([[0, 0], [1, 0], [0.5, 3**0.5 / 2]]),
    "tetra": np.array([[0, 0, 0], [1, 0, 0], [0.5, 3**0.5 / 2, 0], [0.5, 3**0.5 / 6, (2 / 3) ** 0.5]]),
}


@pytest.mark.parametrize("kind", EQUILATERAL)
def test_shape_alone_counts(kind):
    corners = EQUILATERAL[kind]
    dim, cell = corners.shape[1], [list(range(len(corners)))]
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(dim, dim)))[0]
    turn[0] *= np.sign(np.linalg.det(turn))
    assert quality(Mesh(3e-3 * corners @ turn + 5, cell, kind)) == pytest.approx(1)
    squeezed = corners * np.r_[np.ones(dim - 1), 0.1]
    assert 0 < quality(Mesh(squeezed, cell, kind))[0] < 0.35
    assert quality(Mesh(corners * np.r_[np.ones(dim - 1), 0.0], cell, kind)) == pytest.approx(0, abs=1e-9)
    assert quality(Mesh(corners * np.r_[np.ones(dim - 1), -1.0], cell, kind)) == pytest.approx(-1)


def test_a_large_quadrilateral_is_not_better_shaped_than_a_small_one_but_larger():
    points = np.array([[0.0, 0], [1, 0], [3, 0], [0, 1], [1, 1], [3, 1]])
    quads = Mesh(points, [[0, 1, 4, 3], [1, 2, 5, 4]], "quad")
    np.testing.assert_allclose(quality(quads), [2 / 3, 4 / 3])
