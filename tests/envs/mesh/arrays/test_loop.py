"""The loop with a user's own scikit-fem solver: error down, integrals kept, the best round taken, faults named."""

from __future__ import annotations

import numpy as np
import pytest
import skfem
from skfem.helpers import dot, grad

import simplatform as sp
from simplatform.envs.mesh.arrays.loop import adapt, carry
from simplatform.envs.mesh.arrays.monitors import hessian_metric, indicated
from simplatform.envs.mesh.finite_elements.transfer import lumped
from simplatform.envs.mesh.geometry.generators import generate
from simplatform.errors import ConfigError, DataError

MESH = generate("square", 16, 0)


def exact(x):
    return np.exp(-(((0.8 * x[0] + 0.6 * x[1] - 0.7) / 0.1) ** 2))


@skfem.LinearForm
def load(v, w):
    t = (0.8 * w.x[0] + 0.6 * w.x[1] - 0.7) / 0.1
    return (2 - 4 * t**2) * np.exp(-(t**2)) / 0.01 * v


@skfem.BilinearForm
def stiffness(u, v, _):
    return dot(grad(u), grad(v))


def solve(points, cells, _):
    basis = skfem.Basis(skfem.MeshTri(points.T, cells.T), skfem.ElementTriP1(), intorder=6)
    held = basis.get_dofs()
    values = np.where(np.isin(np.arange(len(points)), held), exact(points.T), 0.0)
    return skfem.solve(*skfem.condense(stiffness.assemble(basis), load.assemble(basis), x=values, D=held))


def error(points, cells, values):
    basis = skfem.Basis(skfem.MeshTri(points.T, cells.T), skfem.ElementTriP1(), intorder=6)
    gap = basis.interpolate(values) - exact(np.asarray(basis.global_coordinates()))
    return float(np.sqrt((gap**2 * basis.dx).sum()))


def test_a_second_round_removes_more_than_the_first():
    found = adapt(sp.mover("anisotropic"), MESH.points, MESH.cells, solve, rounds=2, error=error)
    errors = [one.error for one in found.rounds]
    assert len(errors) == 3
    assert errors[1] < 0.5 * errors[0]
    assert min(errors) == errors[found.best]
    assert (MESH.moved(found.points).volumes > 0).all()
    np.testing.assert_array_equal(found.fields, solve(found.points, MESH.cells, None))


def test_monitors_are_the_user_s_own_and_solve_sees_what_was_carried():
    seen = []

    def remembers(points, cells, carried):
        seen.append(carried)
        return np.stack([exact(points.T), points[:, 0]], axis=1)

    found = adapt(sp.mover("anisotropic"), MESH.points, MESH.cells, remembers, hessian_metric, rounds=1,
                  transfer="bounded")  # fmt: skip
    assert seen[0] is None
    before, after = found.rounds[0], found.rounds[1]
    np.testing.assert_allclose(lumped(MESH.moved(after.points)) @ seen[1], lumped(MESH) @ before.fields, rtol=1e-12)
    assert seen[1].max() <= before.fields.max() + 1e-12
    by_cells = adapt(sp.mover("spring"), MESH.points, MESH.cells, solve, lambda p, c, u: indicated(
        p, c, np.ptp(u[c], axis=1)), rounds=1)  # fmt: skip
    assert by_cells.rounds[1].move.made


def test_in_a_plane_of_space_and_with_unused_points():
    tilted = np.c_[MESH.points[:, 0], MESH.points[:, 1] * 0.6, MESH.points[:, 1] * 0.8]
    points = np.vstack([tilted, [[9.0, 9, 9]]])
    fields = np.r_[exact(MESH.points.T), 7.0]
    moved = sp.mover("spring").move(points, MESH.cells, 1 + 5 * np.maximum(fields, 0)).points
    carried = carry(points, MESH.cells, fields, moved)
    assert carried[-1] == 7.0
    flat = MESH.moved(np.c_[moved[:-1, 0], moved[:-1, 1] / 0.6])
    assert lumped(flat) @ carried[:-1] == pytest.approx(lumped(MESH) @ fields[:-1], rel=1e-9)
    assert np.abs(carried[:-1] - exact(flat.points.T)).max() < 0.2


def test_faults_are_named():
    mover = sp.mover("spring")
    with pytest.raises(ConfigError, match="transfer one of conservative, bounded"):
        adapt(mover, MESH.points, MESH.cells, solve, rounds=1, transfer="linear")
    with pytest.raises(DataError, match="finite fields with a row"):
        adapt(mover, MESH.points, MESH.cells, lambda p, c, u: np.ones(3), rounds=1)
