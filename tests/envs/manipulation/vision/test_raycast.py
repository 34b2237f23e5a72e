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
from simplatform.envs.manipulation.vision.clouds import corner2
from simplatform.envs.manipulation.vision.crop import Crop
from simplatform.envs.manipulation.vision.raycast import VISIBLE_GROUPS, RayCaster, cast_spheres


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
