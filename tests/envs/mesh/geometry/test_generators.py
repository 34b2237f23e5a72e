"""Meshes by name: smoothed Delaunay triangulations of outlines, gmsh's where asked for."""

import numpy as np
import pytest

from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.boundary import FIXED, SLIDING, classify, constrain, freedom
from simplatform.errors import UnknownName


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
