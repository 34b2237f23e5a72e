"""Meshes, boundaries, location and limiter: exact geometry and properties."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.envs.mesh.finite_elements.p1 import P1
from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.boundary import FIXED, SLIDING, classify, constrain, freedom
from simplatform.envs.mesh.geometry.location import interpolant
from simplatform.envs.mesh.geometry.mesh import Mesh
from simplatform.envs.mesh.geometry.quality import quality
from simplatform.envs.mesh.geometry.validity import check_mesh, check_monitor, oriented, tangled_cells
from simplatform.envs.mesh.movers.limiter import limit
from simplatform.errors import DataError, UnknownName

AREAS = {"square": 1.0, "l-shape": 0.75, "hole": 0.91}


@pytest.mark.parametrize("geometry", generators.GEOMETRIES)
def test_generated_meshes_are_valid_and_well_shaped(geometry):
    mesh = check_mesh(generators.generate(geometry, 16, 1))
    assert quality(mesh).min() > 0.5
    assert quality(mesh).mean() > 0.9
    if geometry in AREAS:
        assert mesh.volumes.sum() == pytest.approx(AREAS[geometry], abs=1e-12)


@pytest.mark.parametrize(
    "mesh", [generators.quads(3), generators.interval(4), generators.cube(2), generators.structured_square(3)]
)
def test_structured_meshes_fill_the_unit_cube(mesh):
    assert check_mesh(mesh).volumes.sum() == pytest.approx(1.0)
    inner = ((mesh.points > 1e-9) & (mesh.points < 1 - 1e-9)).all(axis=1)
    assert (mesh.boundary == ~inner).all()


def test_same_seed_same_mesh():
    a, b, c = (generators.square(12, seed=s) for s in (3, 3, 4))
    assert np.array_equal(a.points, b.points)
    assert a.points.shape != c.points.shape or not np.array_equal(a.points, c.points)


def test_unknown_geometry_suggests():
    with pytest.raises(UnknownName, match="polygon"):
        generators.generate("polygone", 10)


def test_corners_are_fixed_and_sides_slide():
    mesh = generators.square(8)
    flags, directions = classify(mesh)
    corners = np.isin(mesh.points, (0.0, 1.0)).all(axis=1)
    assert (flags[corners] == FIXED).all()
    assert (flags == FIXED).sum() == 4
    moved = mesh.points + constrain(np.ones_like(mesh.points), flags, directions)
    sides = flags == SLIDING
    assert np.isin(moved[sides], (0.0, 1.0)).any(axis=1).all()
    columns = freedom(mesh)
    assert np.allclose((columns.T @ columns).toarray(), np.eye(columns.shape[1]))


def test_faces_and_edges_of_a_cube_slide_and_its_corners_stay():
    mesh = generators.cube(3)
    flags, directions = classify(mesh)
    on = np.isin(mesh.points, (0.0, 1.0))
    assert (directions.any(axis=2).sum(axis=1) == np.where(on.any(axis=1), 3 - on.sum(axis=1), 0)).all()
    assert (flags[on.all(axis=1)] == FIXED).all()
    moved = constrain(np.ones_like(mesh.points), flags, directions)
    assert np.allclose(moved, np.where(on, 0.0, 1.0))
    columns = freedom(mesh)
    assert columns.shape[1] == (~on).sum()
    assert np.allclose((columns.T @ columns).toarray(), np.eye(columns.shape[1]))


def test_curved_faces_stay():
    """A cube blown up to a ball: no vertex of its surface may move, for it would leave the surface."""
    mesh = generators.cube(4)
    centred = 2 * mesh.points - 1
    size = np.abs(centred).max(axis=1, keepdims=True)
    ball = mesh.moved(centred * size / np.maximum(np.linalg.norm(centred, axis=1, keepdims=True), 1e-9))
    assert (classify(ball)[0][ball.boundary] == FIXED).all()


def test_euler_characteristic_and_neighbours():
    mesh = generators.generate("hole", 14)
    assert len(mesh.points) - len(mesh.edges) + len(mesh.cells) == 0
    cell, opposite = np.nonzero(mesh.neighbours >= 0)
    other = mesh.neighbours[cell, opposite]
    shared = [len(set(mesh.cells[a]) & set(mesh.cells[b])) for a, b in zip(cell, other, strict=True)]
    assert set(shared) == {2}


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


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.001, 5.0), st.sampled_from(["square", "l-shape", "polygon", "hole"]))
def test_limited_steps_never_invert_a_cell(seed, size, geometry):
    mesh = generators.generate(geometry, 8)
    flags, directions = classify(mesh)
    wild = constrain(size * np.random.default_rng(seed).normal(size=mesh.points.shape), flags, directions)
    done = limit(mesh, wild)
    moved = mesh.moved(mesh.points + done.displacement)
    assert len(tangled_cells(moved, mesh)) == 0
    assert (moved.volumes >= 0.05 * mesh.volumes * (1 - 1e-12)).all()
    assert done.active == (not np.array_equal(done.displacement, wild))


@pytest.mark.parametrize("mesh", [generators.quads(4), generators.interval(6), generators.cube(3)])
def test_limiter_holds_for_every_kind_of_cell(mesh):
    wild = np.random.default_rng(0).normal(size=mesh.points.shape)
    assert len(tangled_cells(mesh.moved(mesh.points + limit(mesh, wild).displacement), mesh)) == 0


def test_limiter_leaves_small_steps_alone_and_ignores_nan():
    mesh = generators.square(8)
    step = np.full_like(mesh.points, 1e-4)
    assert not limit(mesh, step).active
    step[5] = np.nan
    done = limit(mesh, step)
    assert done.active
    assert np.array_equal(done.displacement[5], [0, 0])


def _faulty(change):
    mesh = generators.structured_square(3)
    points, cells = mesh.points.copy(), mesh.cells.copy()
    points, cells = change(points, cells)
    return Mesh(points, cells)


def _set(array, index, value):
    array[index] = value
    return array


FAULTS = {
    "not finite at vertex 5": lambda p, c: (_set(p, (5, 0), np.nan), c),
    "outside 0…15 in cell 2": lambda p, c: (p, _set(c, (2, 1), 99)),
    "twice in cell 4": lambda p, c: (p, _set(c, (4, 0), c[4, 1])),
    r"vertex \(orphan\) 16": lambda p, c: (np.vstack([p, [[2, 2]]]), c),
    r"\(duplicate\): vertex 16": lambda p, c: (np.vstack([p, p[:1]]), _set(c, (0, 0), 16)),
    "inverted .* cell 3": lambda p, c: (p, _set(c, 3, c[3][[1, 0, 2]])),
    "zero area or volume in cell 0": lambda p, c: (_set(p, 5, [0.5 / 3, 0]), c),
    "more than two cells": lambda p, c: (p, np.vstack([c, [[0, 1, 6]]])),
}


@pytest.mark.parametrize("message", FAULTS)
def test_faults_are_named(message):
    with pytest.raises(DataError, match=message):
        check_mesh(_faulty(FAULTS[message]))


def test_orientation_can_be_repaired():
    mesh = _faulty(lambda p, c: (p, c[:, [1, 0, 2]]))
    check_mesh(oriented(mesh))
    quads = generators.quads(2)
    check_mesh(oriented(Mesh(quads.points, quads.cells[:, ::-1], "quad")))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (np.ones(3), r"expected shape \(16,\), got \(3,\)"),
        (np.r_[np.ones(15), np.inf], "not finite at vertex 15"),
        (np.r_[-1.0, np.ones(15)], "negative at vertex 0"),
        (np.zeros(16), "zero everywhere"),
    ],
)
def test_bad_monitors_are_named(values, message):
    with pytest.raises(DataError, match=message):
        check_monitor(values, generators.structured_square(3))


def test_wrong_shapes_are_refused():
    with pytest.raises(DataError, match=r"cells of triangle meshes are \(C, 3\)"):
        Mesh(np.zeros((4, 2)), np.zeros((1, 4), int))
    with pytest.raises(DataError, match="unknown cell kind"):
        Mesh(np.zeros((4, 2)), np.zeros((1, 4), int), "hexagon")
