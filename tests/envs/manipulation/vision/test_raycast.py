"""Casting less gives the same as casting everything; cameras, crops and sampling do what they say."""

from __future__ import annotations

import mujoco
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simplatform.envs.manipulation.experts import metaworld_expert
from simplatform.envs.manipulation.metaworld import MetaWorldEnv
from simplatform.envs.manipulation.tasks import TASKS
from simplatform.envs.manipulation.vision.camera import Camera
from simplatform.envs.manipulation.vision.clouds import PointCloud, corner2
from simplatform.envs.manipulation.vision.crop import CROPS, Crop
from simplatform.envs.manipulation.vision.raster import Mesh, Rasteriser, compiled, cover, enclose
from simplatform.envs.manipulation.vision.raycast import VISIBLE_GROUPS, RayCaster, cast_spheres
from simplatform.envs.manipulation.vision.sampling import farthest_points


@pytest.mark.parametrize("task", ["drawer-open", "hammer", "pick-place", "window-open"])
def test_cached_and_boxed_casting_is_exact(task):
    env = MetaWorldEnv(task, points=0)
    caster = RayCaster(env.inner.model, corner2(env.inner.model, 48))
    rng = np.random.default_rng(0)
    for seed in (0, 1):
        env.reset(seed=seed)
        for _ in range(3):
            for _ in range(12):
                env.step(rng.uniform(-1, 1, 4).astype(np.float32))
            distance, geom = caster.cast(env.inner.data)
            expected, hit = caster.cast_everything(env.inner.data)
            np.testing.assert_allclose(distance, expected, rtol=0, atol=1e-9)
            np.testing.assert_array_equal(geom, hit)
            assert len(np.unique(geom)) > 8


@pytest.mark.slow
@pytest.mark.parametrize("task", TASKS)
def test_casting_is_exact_in_every_task(task):
    env = MetaWorldEnv(task, points=0)
    env.reset(seed=0)
    expert = metaworld_expert(env)
    caster = RayCaster(env.inner.model, corner2(env.inner.model, 96))
    state = env.reset(seed=0)[0]["state"]
    for step in range(60):
        state = env.step(expert.act({"state": torch.as_tensor(state)[None, None]})[0, 0].numpy())[0]["state"]
        if step % 20 == 19:
            distance, geom = caster.cast(env.inner.data)
            expected, hit = caster.cast_everything(env.inner.data)
            assert np.mean(geom == hit) > 0.9998
            same = geom == hit
            np.testing.assert_allclose(distance[same], expected[same], rtol=0, atol=1e-9)


@pytest.mark.parametrize("task", ["hammer", "button-press-topdown-wall"])
def test_casting_agrees_with_single_rays(task):
    env = MetaWorldEnv(task, points=0)
    env.reset(seed=0)
    for _ in range(15):
        env.step(np.array([0.2, 1, -0.5, 1], np.float32))
    caster, groups = RayCaster(env.inner.model, corner2(env.inner.model, 64)), np.array(VISIBLE_GROUPS, np.uint8)
    distance, geom = caster.cast(env.inner.data)
    hit = np.zeros(1, np.int32)
    for pixel in range(0, 64 * 64, 3):
        ray = caster.directions[pixel]
        alone = mujoco.mj_ray(env.inner.model, env.inner.data, caster.camera.position, ray, groups, 1, -1, hit)
        assert (distance[pixel], geom[pixel]) == (pytest.approx(np.inf if alone < 0 else alone, abs=1e-9), hit[0])


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


@pytest.mark.parametrize("crop", CROPS)
def test_casting_within_reach_of_the_crop_is_exact(crop):
    env = MetaWorldEnv("hammer", points=0)
    camera = corner2(env.inner.model, 48)
    cloud, caster = PointCloud(env.inner.model, camera, CROPS[crop](camera)), RayCaster(env.inner.model, camera)
    near, far = cloud.reach
    for seed in range(3):
        env.reset(seed=seed)
        for _ in range(20):
            env.step(np.array([0.3, 1, -0.5, 1], np.float32))
        expected, _ = caster.cast_everything(env.inner.data)
        keep = (expected > near) & (expected < far)
        points = (camera.position + caster.directions[keep] * expected[keep, None]).astype(np.float32)
        np.testing.assert_allclose(cloud.points(env.inner.data), points, rtol=0, atol=1e-6)
        assert cloud.crop.contains(points.astype(float)).mean() > 0.999


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


def test_rays_meet_a_box_where_geometry_says():
    model = mujoco.MjModel.from_xml_string(
        "<mujoco><worldbody><geom type='box' size='.1 .1 .1'/>"
        "<body pos='0 0 1'><freejoint/><geom type='sphere' size='.2'/></body></worldbody></mujoco>"
    )
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    caster = RayCaster(model, Camera(np.array([0, 0, 3.0]), np.eye(3), 0.4, 33, 33))
    middle = 33 * 33 // 2
    distance, geom = caster.cast(data)
    assert (distance[middle], geom[middle]) == (pytest.approx(1.8, abs=1e-12), 1)
    data.qpos[0] = 5.0
    mujoco.mj_forward(model, data)
    distance, geom = caster.cast(data)
    assert (distance[middle], geom[middle]) == (pytest.approx(2.9, abs=1e-12), 0)
    assert np.isinf(distance[0])


def test_static_geometry_is_cast_again_when_it_is_moved():
    env = MetaWorldEnv("drawer-open", points=0)
    env.reset(seed=0)
    caster = RayCaster(env.inner.model, corner2(env.inner.model, 32))
    before, _ = caster.cast(env.inner.data)
    env.inner.model.body("drawer").pos[0] += 0.1
    mujoco.mj_forward(env.inner.model, env.inner.data)
    after, _ = caster.cast(env.inner.data)
    np.testing.assert_allclose(after, caster.cast_everything(env.inner.data)[0], rtol=0, atol=1e-9)
    assert not np.array_equal(before, after)


def test_spheres_are_met_at_their_surface():
    rays = np.array([[0, 0, -1.0], [1, 0, 0]])
    distance, index = cast_spheres(
        np.array([0, 0, 2.0]), rays, np.array([[0, 0, 0.0], [0, 0, 1.0]]), np.array([0.5, 0.25])
    )
    np.testing.assert_allclose(distance, [0.75, np.inf])
    np.testing.assert_array_equal(index, [1, -1])


def test_projection_inverts_rays():
    camera = Camera.looking_at([1.0, -1.0, 1.5], [0, 0.5, 0.2], 0.9, 40, 30)
    u, v, depth = camera.project(camera.position + 1.7 * camera.rays())
    columns, rows = np.meshgrid(np.arange(40) + 0.5, np.arange(30) + 0.5)
    np.testing.assert_allclose(u, columns.ravel(), atol=1e-10)
    np.testing.assert_allclose(v, rows.ravel(), atol=1e-10)
    assert (depth > 0).all()
    np.testing.assert_allclose(camera.rotation.T @ camera.rotation, np.eye(3), atol=1e-12)


@settings(max_examples=40, deadline=None)
@given(arrays(float, 3, elements=st.floats(-2, 2)), arrays(float, (6, 3), elements=st.floats(-1, 1)))
def test_slab_interval_agrees_with_containment(position, directions):
    crop = Crop(np.array([0.1, 0, 0]), np.eye(3), np.array([-1.0, -0.5, -0.7]), np.array([0.8, 0.6, 0.9]))
    directions = directions + 0.01
    near, far = crop.interval(position, directions)
    for t in np.linspace(0.013, 4, 23):
        inside = crop.contains(position + t * directions)
        clear = (np.abs(t - near) > 1e-9) & (np.abs(t - far) > 1e-9)
        np.testing.assert_array_equal(inside[clear], ((t > near) & (t < far))[clear])


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 90), st.integers(1, 60), st.integers(0, 2**31))
def test_farthest_points_are_nested_and_far(count, total, seed):
    points = np.random.default_rng(seed).normal(size=(total, 3)).astype(np.float32)
    sample = farthest_points(points, count)
    assert sample.shape == (count, 3)
    np.testing.assert_array_equal(
        sample[: count // 2], farthest_points(points, count // 2) if count > 1 else sample[:0]
    )
    chosen = sample[: min(count, total)]
    for k in range(1, len(chosen)):
        gaps = np.linalg.norm(points[:, None] - chosen[None, :k], axis=-1).min(1)
        np.testing.assert_allclose(np.linalg.norm(chosen[:k] - chosen[k], axis=-1).min(), gaps.max(), rtol=1e-5)


def test_published_crop_is_that_of_the_turned_camera_frame():
    """DP3's recipe, step by step: points as the camera sees them, turned by two matrices, kept between two corners."""
    camera = corner2(MetaWorldEnv(points=0).inner.model, 8)
    points = np.random.default_rng(0).uniform([-1, 0, -0.1], [1, 1.2, 0.8], (500, 3))
    a, b = np.deg2rad(61.4), np.deg2rad(-7)
    turned = (points - camera.position) @ camera.rotation
    turned = turned @ np.array([[np.cos(b), 0, -np.sin(b)], [0, 1, 0], [np.sin(b), 0, np.cos(b)]])
    turned = turned @ np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    kept = np.all((turned > [-0.5, -1.5, -0.795]) & (turned < [1, -0.4, 100]), axis=1)
    assert 0.05 < kept.mean() < 0.95
    np.testing.assert_array_equal(CROPS["published"](camera).contains(points), kept)


def test_an_empty_view_gives_zeros():
    np.testing.assert_array_equal(farthest_points(np.empty((0, 3), np.float32), 4), np.zeros((4, 3)))
