"""Exact visibility of triangle meshes at pixel centres: what ray casting gives."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.envs.manipulation.vision.camera import Camera
from simplatform.envs.manipulation.vision.compiling import compiled
from simplatform.envs.manipulation.vision.raster import Clusters, Mesh, Rasteriser, cover, enclose


def test_the_compiled_loops_are_those_of_the_source():
    rng = np.random.default_rng(0)
    vertices, faces = rng.normal(size=(3, 12)) * 0.3, rng.integers(0, 6, (3, 14)).astype(np.uint32)
    faces[:, 7:] += 6
    starts = np.array([[0, 6, 12], [0, 7, 14]], np.uint64)
    moves, offsets = np.linalg.qr(rng.normal(size=(2, 3, 3)))[0], np.array([[0.1, 0, -2.0], [-0.2, 0.1, -2.5]])
    given = (vertices, faces, starts, np.array([1, 0], np.uint64), moves, offsets, 20.0)
    found = []
    for function in (cover, compiled(cover)):
        inverse, owner = np.zeros((12, 16)), np.full((12, 16), -1)
        function(*given, np.empty((3, 12)), inverse, owner)
        found.append((inverse, owner))
    assert set(np.unique(found[0][1])) == {-1, 0, 1}
    np.testing.assert_array_equal(found[0][1], found[1][1])
    np.testing.assert_allclose(found[0][0], found[1][0], rtol=1e-13)


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
    pixel, inverse, owner = Rasteriser(camera, [mesh])([0], np.zeros((1, 3)), np.eye(3)[None])
    rays = camera.rays()
    first, edges = corners[:, 0], (corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    side = np.cross(rays[:, None], edges[1])
    scale = np.einsum("fk,rfk->rf", edges[0], side)
    across = np.cross(-first, edges[0])
    u, v = np.einsum("fk,rfk->rf", -first, side) / scale, np.einsum("rk,fk->rf", rays, across) / scale
    t = np.where((u >= 0) & (v >= 0) & (u + v <= 1), np.einsum("fk,fk->f", edges[1], across) / scale, np.inf).min(1)
    found = np.full(len(rays), np.inf)
    found[pixel] = 1 / (inverse * -rays[pixel, 2])
    np.testing.assert_allclose(found, t, rtol=1e-8)
    assert (owner == 0).all()
