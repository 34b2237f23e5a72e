"""Meshes, boundaries, location and limiter: exact geometry and properties."""

import numpy as np
import pytest

from simplatform.envs.mesh.finite_elements.p1 import P1
from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.mesh import Mesh
from simplatform.errors import DataError


def test_recovered_gradient_and_hessian_of_a_quadratic():
    mesh = generators.structured_square(16)
    x, y = mesh.points.T
    space = P1(mesh)
    inner = ((mesh.points > 0.3) & (mesh.points < 0.7)).all(axis=1)
    values = x**2 + 3 * x * y - y**2
    assert np.allclose(space.gradient(values)[inner], np.stack([2 * x + 3 * y, 3 * x - 2 * y], 1)[inner], atol=1e-2)
    assert np.allclose(space.hessian(values)[inner], [2, 3, -2], atol=5e-2)
    assert np.allclose(space.gradient(x - 2 * y), [1, -2])
    assert np.allclose(space.hessian(x - 2 * y), 0, atol=1e-9)


def test_wrong_shapes_are_refused():
    with pytest.raises(DataError, match=r"cells of triangle meshes are \(C, 3\)"):
        Mesh(np.zeros((4, 2)), np.zeros((1, 4), int))
    with pytest.raises(DataError, match="unknown cell kind"):
        Mesh(np.zeros((4, 2)), np.zeros((1, 4), int), "hexagon")
