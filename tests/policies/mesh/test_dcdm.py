"""DCDM as a linear solver of the mesh environment."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
import torch

from simplatform.envs.mesh.finite_elements.fem import elliptic
from simplatform.envs.mesh.geometry import generators
from simplatform.errors import ConfigError, SolverError, UnknownName
from simplatform.plugin_host.host import get_host
from simplatform.policies.mesh.dcdm import dcdm, operator, rows_of, shipped, solve
from simplatform.policies.mesh.dcdm_training import laplacian_matrix
from simplatform.solvers.conjugate_directions import pcg
from simplatform.testing import check_linear_solver

pytest.importorskip("skfem")


def grid(side):
    inner = np.linspace(0, 1, side + 2)[1:-1]
    return np.stack(np.meshgrid(inner, inner), axis=-1).reshape(-1, 2)


@pytest.mark.parametrize("side", [31, 63])
def test_the_shipped_network_takes_a_third_of_the_iterations_of_conjugate_gradients(side):
    matrix, load = laplacian_matrix((side, side)), np.random.default_rng(1).standard_normal(side**2)
    learned = solve(matrix, load, grid(side), shipped(), rtol=1e-4)
    plain = pcg(operator(matrix), torch.from_numpy(load))
    assert learned.converged
    assert 3 * learned.iterations <= plain.iterations


@pytest.mark.parametrize(
    "mesh",
    [generators.square(12), generators.structured_square(10), generators.generate("l-shape", 12)],
    ids=["delaunay", "rows", "l-shape"],
)
@pytest.mark.parametrize("reaction", [0.0, 1.0])
def test_finite_elements_on_any_plane_mesh_equal_the_factorisation(mesh, reaction):
    def wave(points):
        return np.sin(9 * points[..., 0]) + points[..., -1]

    found = [elliptic(mesh, wave, reaction=reaction, boundary=wave, solver=name) for name in ("direct", "dcdm")]
    assert np.abs(found[0] - found[1]).max() < 1e-9


def test_the_environment_solves_with_it():
    errors = []
    for solver in ("auto", "dcdm"):
        env = gymnasium.make("simplatform/MeshMovement-v0", n=10, solver=solver).unwrapped
        errors.append(env.reset(seed=3)[1]["error_original"])
    assert errors[0] == pytest.approx(errors[1], rel=1e-8)
    with pytest.raises(UnknownName, match="dcdm"):
        gymnasium.make("simplatform/MeshMovement-v0", n=8, solver="dcdn")
    with pytest.raises(ConfigError, match="solver of its own"):
        gymnasium.make("simplatform/MeshMovement-v0", n=8, problem="nonlinear-poisson", solver="dcdm")


def test_it_is_registered_and_keeps_the_contract():
    entry = get_host().registry("solver").get("dcdm")
    assert entry.extra["kind"] == "linear"
    check_linear_solver(entry.load())


def test_rows_are_recognised_and_missing_places_are_named():
    assert rows_of(grid(5)) == (5, 5)
    assert rows_of(grid(6)[:30]) == (5, 6)
    assert rows_of(grid(5) ** 2) is None
    assert rows_of(generators.square(6).points) is None
    for points in (None, np.zeros((9, 3)), np.zeros((8, 2))):
        with pytest.raises(SolverError, match="places of the 9 unknowns"):
            dcdm(laplacian_matrix((3, 3)), np.ones(9), points)


@pytest.mark.parametrize("count", [1, 4])
def test_unknowns_on_a_line_that_no_grid_spans_are_solved_all_the_same(count):
    matrix, load = laplacian_matrix((count,)), np.arange(1.0, count + 1)
    found = dcdm(matrix, load, np.stack([np.arange(count), np.zeros(count)], axis=1))
    np.testing.assert_allclose(matrix @ found, load, atol=1e-10)
