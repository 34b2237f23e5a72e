"""Exact visibility of triangle meshes at pixel centres: what ray casting gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.envs.manipulation.vision.camera import Camera
from simplatform.envs.manipulation.vision.compiling import compiled
from simplatform.envs.manipulation.vision.raster import Clusters, Mesh, Rasteriser, cover, enclose, settle


def test_the_compiled_loops_are_those_of_the_source():
    rng = np.random.default_rng(0)
    meshes = [Mesh(rng.normal(size=(6, 3)) * 0.3, rng.integers(0, 6, (count, 3)).astype(np.int32)) for count in (7, 90)]
    clusters, camera = Clusters(meshes), Camera(np.array([0.1, 0, 0]), np.eye(3), 0.5, 16, 12)
    parts = clusters.corners, clusters.faces, clusters.first, clusters.of_mesh, clusters.spheres
    turns, places = np.linalg.qr(rng.normal(size=(2, 3, 3)))[0], np.array([[0.1, 0, -2.0], [-0.2, 0.1, -2.5]])
    wanted = np.multiply.outer(np.arange(13), np.arange(17))
    found = []
    for function in (cover, compiled(cover)):
        inverse, owner = np.zeros((12, 16)), np.full((12, 16), -1)
        chosen = np.array([1, 0])
        function(*parts, chosen, places, turns, camera.position, camera.rotation, camera.focal, wanted, inverse, owner)
        found.append((inverse, owner))
    assert set(np.unique(found[0][1])) == {-1, 0, 1}
    np.testing.assert_array_equal(found[0][1], found[1][1])
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-13)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 200), st.integers(1, 32))
def test_groups_hold_all_triangles_within_their_spheres(seed, count, size):
    rng = np.random.default_rng(seed)
    mesh = Mesh(rng.normal(size=(30, 3)), rng.integers(0, 30, (count, 3)).astype(np.int32))
    clusters = Clusters([mesh, Mesh(np.empty((0, 3)), np.empty((0, 3), np.int32)), mesh], size)
    np.testing.assert_array_equal(np.diff(clusters.of_mesh.astype(int))[1], 0)
    corners, triangles = clusters.corners.T, []
    for group in range(len(clusters.spheres.T)):
        vertex, face = clusters.first[:, group : group + 2].astype(int)
        own = corners[vertex[0] : vertex[1]][clusters.faces.T[face[0] : face[1]]]
        centre, radius = clusters.spheres[:3, group], clusters.spheres[3, group]
        assert 0 < len(own) <= size
        assert (np.linalg.norm(own - centre, axis=-1) <= radius * (1 + 1e-12)).all()
        triangles.append(own)
    expected = np.concatenate([mesh.vertices[mesh.faces]] * 2).reshape(-1, 9)
    found = np.concatenate(triangles).reshape(-1, 9)
    np.testing.assert_array_equal(found[np.lexsort(found.T)], expected[np.lexsort(expected.T)])


def test_what_covers_no_pixel_of_interest_may_be_left_out_and_nothing_else():
    rng = np.random.default_rng(3)
    places = rng.uniform([-1, -1, -4], [1, 1, -2], (2000, 1, 3))
    corners = (places + 0.03 * rng.normal(size=(2000, 3, 3))).reshape(-1, 3)
    camera = Camera(np.zeros(3), np.eye(3), 0.7, 30, 24)
    rasteriser = Rasteriser(camera, [Mesh(corners, np.arange(6000, dtype=np.int32).reshape(-1, 3))])
    scene = np.array([0]), np.zeros((1, 3)), np.eye(3)[None]
    inverse = rasteriser(*scene)[0].copy()
    interest = np.zeros((24, 30), bool)
    interest[2:6, 3:8] = rng.random((4, 5)) < 0.5
    wanted = np.zeros((25, 31), np.int64)
    wanted[1:, 1:] = interest.cumsum(0).cumsum(1)
    some = rasteriser(*scene, wanted)[0]
    np.testing.assert_array_equal(some[interest], inverse[interest])
    assert (some > 0).sum() < (inverse > 0).sum()


def test_rectangles_hold_all_that_a_box_may_cover():
    rng = np.random.default_rng(1)
    camera = Camera.looking_at((0.0, -2.0, 0.5), (0.0, 0.0, 0.0), 0.9, 40, 30)
    turns = np.linalg.qr(rng.normal(size=(30, 3, 3)))[0]
    offsets, halves = rng.uniform(-2.5, 2.5, (30, 3)), rng.uniform(0.05, 0.4, (30, 3))
    signs = np.stack(np.meshgrid(*[(-1.0, 1.0)] * 3), -1).reshape(8, 3)
    boxes, clear = np.empty((30, 4), np.int64), np.empty(30, bool)
    compiled(enclose)(
        offsets, turns, signs * halves[:, None], np.ones(30), camera.rotation, camera.focal, 40, 30, boxes, clear
    )
    assert 0 < clear.sum() < 30
    for k, (left, top, right, bottom) in enumerate(boxes):
        inside = rng.uniform(-1, 1, (200, 3)) * halves[k] @ turns[k].T + offsets[k] + camera.position
        u, v, depth = camera.project(inside)
        seen = (depth > 0) & (u >= 0) & (u < 40) & (v >= 0) & (v < 30)
        assert bool((depth > 1e-3).all()) >= clear[k]
        assert ((u >= left) & (u <= right) & (v >= top) & (v <= bottom))[seen].all()
        assert clear[k] or (left, top, right, bottom) == (0, 0, 40, 30)


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 2**31), st.integers(1, 30))
def test_rasterised_triangles_are_what_rays_meet(seed, faces):
    """Against the ray–triangle intersection of Möller and Trumbore (1997)."""
    rng = np.random.default_rng(seed)
    corners = rng.uniform([-1, -1, -4], [1, 1, -2], (faces, 3, 3))
    camera = Camera(np.zeros(3), np.eye(3), 0.7, 17, 13)
    mesh = Mesh(corners.reshape(-1, 3), np.arange(3 * faces, dtype=np.int32).reshape(-1, 3))
    inverse, owner = Rasteriser(camera, [mesh])(np.array([0]), np.zeros((1, 3)), np.eye(3)[None])
    rays = camera.rays()
    first, edges = corners[:, 0], (corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    side = np.cross(rays[:, None], edges[1])
    scale = np.einsum("fk,rfk->rf", edges[0], side)
    across = np.cross(-first, edges[0])
    u, v = np.einsum("fk,rfk->rf", -first, side) / scale, np.einsum("rk,fk->rf", rays, across) / scale
    t = np.where((u >= 0) & (v >= 0) & (u + v <= 1), np.einsum("fk,fk->f", edges[1], across) / scale, np.inf).min(1)
    found, geom = np.full(len(rays), np.inf), np.full(len(rays), -1, np.int32)
    compiled(settle)(inverse, owner, -rays[:, 2].copy(), np.array([7]), found, geom)
    np.testing.assert_allclose(found, t, rtol=1e-8)
    assert set(geom[np.isfinite(t)]) <= {7}
    assert (geom[np.isinf(t)] == -1).all()
