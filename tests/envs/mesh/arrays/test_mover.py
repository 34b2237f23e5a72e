"""Movers on arrays: as other programs hand them out, many at once, never worse, refusals by name."""

from __future__ import annotations

import numpy as np
import pytest

import simplatform as sp
from simplatform.envs.mesh.geometry.generators import generate
from simplatform.errors import ContractError, DataError, UsageError

SQUARE, CUBE = generate("square", 12, 0), generate("cube", 5, 0)


def ring(points):
    return 1 + 10 * np.exp(-(((np.hypot(points[:, 0] - 0.5, points[:, 1] - 0.5) - 0.25) / 0.08) ** 2))


def front(points):
    return np.tanh(12 * (points[:, 0] - 0.4))


@pytest.mark.parametrize("name", ["anisotropic", "spring", "monge-ampere", "um2n-energy", "um2n"])
def test_a_move_makes_the_mesh_more_even_and_leaves_what_is_given_alone(name):
    points, cells = SQUARE.points.copy(), SQUARE.cells.copy()
    done = sp.mover(name).move(points, cells, ring(points))
    assert done.made
    assert done.after.unevenness < done.before.unevenness
    np.testing.assert_array_equal(points, SQUARE.points)
    np.testing.assert_array_equal(cells, SQUARE.cells)
    np.testing.assert_array_equal(done.points, points + done.displacement)
    assert (SQUARE.moved(done.points).volumes > 0).all()


@pytest.mark.parametrize("name", ["anisotropic", "spring", "laplacian"])
def test_in_space_too(name):
    done = sp.mover(name).move(CUBE.points, CUBE.cells, ring(CUBE.points))
    assert done.made
    assert done.after.unevenness < done.before.unevenness
    assert np.abs(CUBE.moved(done.points).volumes).sum() == pytest.approx(1)


WILD = {
    "spike": lambda p: np.exp(-(((p - [0.31, 0.72, 0.55]) ** 2).sum(1)) / 1e-3),
    "sheet": lambda p: np.tanh(60 * (p @ [0.6, 0.64, 0.48] - 0.8)),
    "noise": lambda p: np.random.default_rng(0).normal(size=len(p)),
}


@pytest.mark.parametrize("field", WILD)
@pytest.mark.parametrize("name", ["anisotropic", "spring", "laplacian"])
def test_nothing_tangles_in_space_and_nothing_gets_worse(name, field):
    turn = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    points, values = CUBE.points @ turn, WILD[field](CUBE.points)
    done = sp.mover(name).move(points, CUBE.cells, solution=values)
    assert (np.sign(CUBE.moved(points).volumes) * CUBE.moved(done.points).volumes > 0).all()
    assert np.abs(CUBE.moved(done.points).volumes).sum() == pytest.approx(1)
    assert done.after.energy < 1 if done.made else not done.displacement.any()
    # What a mover alone wants is limited too: no cell inverts, though the mesh may get worse.
    forced = sp.mover(name).move(points, CUBE.cells, solution=values, force=True)
    assert (np.sign(CUBE.moved(points).volumes) * CUBE.moved(forced.points).volumes > 0).all()


def test_arrays_of_dolfinx_points_in_space_32_bit_cells_of_either_orientation():
    """``domain.geometry.x`` is (N, 3), ``domain.geometry.dofmap`` (C, 3) int32 of either orientation."""
    x = np.c_[SQUARE.points, np.zeros(len(SQUARE.points))]
    dofmap = SQUARE.cells.astype(np.int32)
    dofmap[::2] = dofmap[::2, ::-1]
    done = sp.mover("spring").move(x, dofmap, ring(x))
    plain = sp.mover("spring").move(SQUARE.points, SQUARE.cells, ring(x))
    assert done.points.shape == x.shape
    assert not done.points[:, 2].any()
    np.testing.assert_allclose(done.points[:, :2], plain.points, atol=1e-12)


def test_many_meshes_of_different_sizes_are_those_one_by_one():
    meshes = [generate("square", n, seed) for n, seed in ((8, 0), (10, 0), (8, 1), (8, 0))]
    mover = sp.mover("um2n-energy")
    points, cells = [m.points for m in meshes], [m.cells for m in meshes]
    many = mover.move(points, cells, [ring(p) for p in points])
    for mesh, done in zip(meshes, many, strict=True):
        one = mover.move(mesh.points, mesh.cells, ring(mesh.points))
        np.testing.assert_allclose(done.points, one.points, atol=1e-5)


def test_an_interface_between_two_materials_keeps_its_place():
    inside = np.abs(SQUARE.points[SQUARE.cells].mean(1)[:, 0] - 0.5) < 0.2
    shared = [set(SQUARE.cells[part].ravel()) for part in (inside, ~inside)]
    between = np.array(sorted(shared[0] & shared[1]))
    for name in ("anisotropic", "spring", "um2n-energy"):
        done = sp.mover(name).move(SQUARE.points, SQUARE.cells, ring(SQUARE.points), tags=inside.astype(int))
        areas = SQUARE.moved(done.points).volumes
        assert areas[inside].sum() == pytest.approx(SQUARE.volumes[inside].sum(), rel=1e-12)
        np.testing.assert_allclose(done.points[between], SQUARE.points[between], atol=1e-12)  # it is crooked


def test_listed_facets_and_held_points_stay():
    line = np.flatnonzero(np.abs(SQUARE.points[:, 1]) < 1e-12)
    pairs = [edge for edge in SQUARE.edges if set(edge) & {20, 30}]
    done = sp.mover("spring").move(SQUARE.points, SQUARE.cells, ring(SQUARE.points), facets=np.array(pairs), hold=line)
    for fixed in (line, [20, 30]):
        np.testing.assert_array_equal(done.points[fixed], SQUARE.points[fixed])


def test_points_that_no_cell_uses_stay():
    points = np.r_[[[9.0, 9.0]], SQUARE.points]
    done = sp.mover("spring").move(points, SQUARE.cells + 1, ring(points))
    np.testing.assert_array_equal(done.points[0], points[0])
    np.testing.assert_allclose(done.points[1:], sp.mover("spring").move(SQUARE.points, SQUARE.cells, ring(
        SQUARE.points)).points, atol=1e-12)  # fmt: skip


def test_a_metric_says_directions_and_a_solution_gives_one():
    metric = np.tile(np.diag([100.0, 1.0]), (len(SQUARE.points), 1, 1))
    metric[:, 0, 0] += 900 * np.exp(-(((SQUARE.points[:, 0] - 0.4) / 0.1) ** 2))
    mover = sp.mover("anisotropic")
    first = mover.move(SQUARE.points, SQUARE.cells, metric)
    for done in (
        first,
        mover.move(SQUARE.points, SQUARE.cells, metric[:, [0, 0, 1], [0, 1, 1]]),
        mover.move(SQUARE.points, SQUARE.cells, solution=front(SQUARE.points)),
    ):
        assert done.made
        assert done.after.energy < 0.6
    isotropic = sp.mover("spring").move(SQUARE.points, SQUARE.cells, metric)
    assert isotropic.after.energy > first.after.energy


def test_what_would_make_a_mesh_worse_is_not_done_unless_forced():
    flat = np.ones(len(SQUARE.points))
    mover = sp.mover("monge-ampere")
    done = mover.move(SQUARE.points, SQUARE.cells, flat)
    assert done.after.unevenness <= done.before.unevenness
    graded = mover.move(SQUARE.points, SQUARE.cells, ring(SQUARE.points)).points
    kept = sp.mover("laplacian").move(graded, SQUARE.cells, ring(SQUARE.points))
    assert kept.after.unevenness <= kept.before.unevenness


def test_refusals_name_what_is_wrong():
    points, cells, mover = SQUARE.points, SQUARE.cells, sp.mover("spring")
    good = ring(points)
    with pytest.raises(DataError, match="one row for each of the"):
        mover.move(points, cells, good[:-1])
    with pytest.raises(DataError, match=r"mesh 1: .*not finite"):
        mover.move([points, points], [cells, cells], [good, good * np.nan])
    with pytest.raises(DataError, match="list of 2 arrays"):
        mover.move([points, points], cells, [good, good])
    with pytest.raises(DataError, match="6 corners"):
        mover.move(points, np.tile(cells, 2), good)
    with pytest.raises(DataError, match="whole number per cell"):
        mover.move(points, cells, good, tags=np.ones(3, int))
    with pytest.raises(DataError, match="positive definite"):
        mover.move(points, cells, np.tile(np.diag([1.0, -1.0]), (len(points), 1, 1)))
    with pytest.raises(UsageError, match="monitor, or a solution"):
        mover.move(points, cells)
    with pytest.raises(UsageError, match="new mesh"):
        sp.mover("mmg")
    with pytest.raises(ContractError, match="triangles in the plane"):
        sp.mover("um2n").move(CUBE.points, CUBE.cells, ring(CUBE.points))
    quads = generate("quads", 5, 0)
    with pytest.raises(ContractError, match="not quadrilaterals"):
        sp.mover("anisotropic").move(quads.points, quads.cells, ring(quads.points))


def test_arrays_of_firedrake_are_read_only():
    """``mesh.coordinates.dat.data_ro`` (V, d) and ``coordinates.cell_node_map().values`` (C, d + 1) int32."""
    data_ro, values = SQUARE.points.copy(), SQUARE.cells.astype(np.int32)
    data_ro.setflags(write=False)
    values.setflags(write=False)
    nodes = np.flatnonzero(SQUARE.points[:, 0] < 1e-12).astype(np.int32)  # DirichletBC(V, 0, 1).nodes
    done = sp.mover("anisotropic").move(data_ro, values, solution=front(data_ro), hold=nodes)
    assert done.made
    np.testing.assert_array_equal(done.points[nodes], data_ro[nodes])
