"""Assembly: equal to what scipy sums up, whatever may move, and solved to rounding, or to the residual asked for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import sparse

from simplatform.envs.mesh.finite_elements import assembly
from simplatform.envs.mesh.finite_elements.assembly import Assembly
from simplatform.envs.mesh.geometry.boundary import classify, freedom_of, numbered
from simplatform.envs.mesh.geometry.generators import generate
from simplatform.errors import SolverError


def summed(mesh, local):
    """Return the matrix ``(dV, dV)`` of cell matrices ``(C, d, k, d, k)``, axes before vertices."""
    size, dim = len(mesh.points), mesh.dim
    numbers = (size * np.arange(dim)[:, None] + mesh.cells[:, None]).reshape(len(mesh.cells), -1)
    rows, columns = numbers.repeat(numbers.shape[1], axis=1).ravel(), np.tile(numbers, (1, numbers.shape[1])).ravel()
    return sparse.coo_array((local.ravel(), (rows, columns)), shape=(dim * size, dim * size)).tocsr()


def matrices(mesh):
    """Return positive cell matrices, ``(C, d, k, d, k)``."""
    width = mesh.dim * (mesh.dim + 1)
    factors = np.random.default_rng(0).normal(size=(len(mesh.cells), width, width))
    positive = factors @ factors.transpose(0, 2, 1) + np.eye(width)
    return positive.reshape(len(mesh.cells), *2 * (mesh.dim, mesh.dim + 1))


@pytest.mark.parametrize(("geometry", "n"), [("interval", 9), ("square", 7), ("cube", 4)])
@pytest.mark.parametrize("direct", [True, False])
def test_a_system_of_all_that_may_move_is_solved(geometry, n, direct, monkeypatch):
    if not direct:
        monkeypatch.setattr(assembly, "LARGEST", {2: 0, 3: 0})
    mesh = generate(geometry, n, 0)
    turn = np.linalg.qr(np.random.default_rng(2).normal(size=(mesh.dim, mesh.dim)))[0]
    mesh = mesh.moved(mesh.points @ turn)
    flags, directions = classify(mesh)
    free, local = freedom_of(flags, directions), matrices(mesh)
    load = np.random.default_rng(1).normal(size=free.shape[1])
    axes = np.where((flags == 1)[:, None, None], directions, np.eye(mesh.dim))[mesh.cells]
    turned = np.einsum("niab,nbicj,njdc->naidj", axes, local, axes)
    found = Assembly(mesh.cells, numbered(flags, directions), rtol=1e-12).solver(turned)(load)
    left = free.T @ (summed(mesh, local) @ (free @ found)) - load
    assert np.abs(left).max() < 1e-8 * np.abs(load).max()


def test_the_same_pattern_serves_other_matrices_and_a_shift():
    mesh = generate("square", 6, 0)
    numbers = np.arange(len(mesh.points))[:, None]
    own, local = Assembly(mesh.cells, numbers), np.broadcast_to(np.eye(3), (len(mesh.cells), 3, 3)).copy()
    counts = np.bincount(mesh.cells.ravel())
    for factor in (1.0, 4.0):
        np.testing.assert_allclose(own.solver(factor * local)(np.ones(len(counts))), 1 / (factor * counts), rtol=1e-12)
    np.testing.assert_allclose(own.solver(local, shift=1.0)(np.ones(len(counts))), 0.5 / counts, rtol=1e-12)


def test_what_cannot_be_solved_is_said():
    mesh = generate("square", 4, 0)
    own = Assembly(mesh.cells, np.arange(len(mesh.points))[:, None])
    with pytest.raises(SolverError, match="singular"):
        own.solver(np.zeros((len(mesh.cells), 3, 3)))
    with pytest.raises(SolverError, match="not finite"):
        own.solver(np.full((len(mesh.cells), 3, 3), np.nan))


@pytest.mark.filterwarnings("error")
def test_multigrid_that_does_not_come_to_what_was_asked_is_an_error(monkeypatch):
    monkeypatch.setattr(assembly, "LARGEST", {2: 0, 3: 0})
    monkeypatch.setattr(assembly, "ITERATIONS", 1)
    mesh = generate("square", 9, 0)
    numbers = np.arange(len(mesh.points))[:, None]
    local = np.random.default_rng(0).normal(size=(len(mesh.cells), 3, 3))
    system = Assembly(mesh.cells, numbers, rtol=1e-12).solver(local + local.transpose(0, 2, 1))
    with pytest.raises(SolverError, match="multigrid did not come to 1e-12"):
        system(np.ones(len(mesh.points)))
