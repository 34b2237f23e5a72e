"""Linear solvers for sparse finite-element systems: factorisation."""

import numpy as np
import pytest
from scipy import sparse

from simplatform.envs.mesh.finite_elements import linear
from simplatform.envs.mesh.finite_elements.fem import elliptic
from simplatform.envs.mesh.geometry import generators
from simplatform.errors import SolverError, UnknownName

pytest.importorskip("pyamg")


@pytest.mark.parametrize(
    "mesh", [generators.square(24), generators.quads(20), generators.cube(8)], ids=lambda m: m.kind
)
@pytest.mark.parametrize("reaction", [0.0, 1.0])
def test_multigrid_equals_factorisation(mesh, reaction):
    def wave(points):
        return np.sin(9 * points[..., 0]) + points[..., -1]

    found = [elliptic(mesh, wave, reaction=reaction, boundary=wave, solver=name) for name in linear.SOLVERS]
    assert np.abs(found[0] - found[1]).max() < 1e-9


def test_the_cheaper_solver_is_chosen_by_size_and_dimension():
    chosen = [linear.linear_solver("auto", dim, size) for dim, size in ((1, 10**7), (2, 10**4), (2, 10**6), (3, 10**5))]
    assert chosen == [linear.direct, linear.direct, linear.amg, linear.amg]
    with pytest.raises(UnknownName, match="direct"):
        linear.linear_solver("dirct", 2, 10)


def test_failures_are_named():
    singular = sparse.csc_array(np.zeros((3, 3)))
    with pytest.raises(SolverError, match="singular"):
        linear.direct(singular, np.ones(3))
    skew = sparse.block_diag([np.array([[1e-9, 1.0], [-1.0, 1e-9]])] * 40).tocsr()
    with pytest.raises(SolverError, match="multigrid left a residual"):
        linear.amg(skew, np.arange(80.0))
