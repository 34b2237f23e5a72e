"""Where points lie in a triangulation, and P1 interpolation there."""

import numpy as np
import pytest

from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.location import interpolant


@pytest.mark.parametrize("geometry", ["square", "l-shape", "hole"])
def test_interpolation_is_exact_for_linear_functions(geometry):
    mesh = generators.generate(geometry, 12)
    rng = np.random.default_rng(0)
    cells, weights = rng.integers(0, len(mesh.cells), 300), rng.dirichlet(np.ones(3), 300)
    points = np.einsum("nk,nkd->nd", weights, mesh.points[mesh.cells[cells]])
    values = mesh.points @ [2.0, -3.0] + 1
    assert np.allclose(interpolant(mesh, values)(points), points @ [2.0, -3.0] + 1, atol=1e-12)


def test_interpolation_on_quads_is_exact_for_linear_functions():
    mesh = generators.quads(5)
    points = np.random.default_rng(0).random((200, 2))
    assert np.allclose(interpolant(mesh, mesh.points @ [2.0, -3.0] + 1)(points), points @ [2.0, -3.0] + 1, atol=1e-12)
    assert (mesh.simplicial.volumes > 0).all()
    assert mesh.simplicial.volumes.sum() == pytest.approx(1.0)
