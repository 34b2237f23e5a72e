"""Depth images by GL and ray casting see the same scene; both run where EGL or OSMesa is installed."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest
from scipy.spatial import cKDTree

from simplatform.envs.manipulation.metaworld import MetaWorldEnv
from simplatform.envs.manipulation.vision import gl
from simplatform.envs.manipulation.vision.clouds import PointCloud, corner2
from simplatform.envs.manipulation.vision.crop import named_crop
from simplatform.envs.manipulation.vision.raycast import RayCaster
from simplatform.errors import MissingDependency

needs_gl = pytest.mark.skipif(not gl.working_backends(), reason=f"no GL here: {gl.FIX}")


@needs_gl
@pytest.mark.parametrize("task", ["drawer-open", "hammer", "shelf-place"])
def test_depth_images_agree_with_rays_to_a_pixels_footprint(task):
    env = MetaWorldEnv(task, points=0)
    env.reset(seed=0)
    for _ in range(15):
        env.step(np.array([0.2, 1, -0.5, 1], np.float32))
    camera = corner2(env.inner.model, 96)
    rays = RayCaster(env.inner.model, camera).cast(env.inner.data)[0]
    renderer = gl.DepthRenderer(env.inner.model, camera)
    depth = renderer.distances(env.inner.data)
    renderer.close()
    seen = np.isfinite(rays) & np.isfinite(depth)
    assert np.mean(np.isfinite(rays) == np.isfinite(depth)) > 0.998
    surface, points = (camera.position + camera.rays()[seen] * d[seen, None] for d in (rays, depth))
    gap, _ = cKDTree(surface).query(points)
    assert np.mean(gap <= np.sqrt(2) * depth[seen] / camera.focal) > 0.995
    assert np.median(np.abs(depth[seen] - rays[seen])) < 1e-4


@needs_gl
def test_clouds_of_both_backends_cover_each_other():
    env = MetaWorldEnv("drawer-open", points=0)
    env.reset(seed=0)
    camera = corner2(env.inner.model, 64)
    crop, data = named_crop("workspace", camera), env.inner.data
    makers = [PointCloud(env.inner.model, camera, crop, backend=name) for name in ("rays", "gl")]
    clouds = [make(data, env.markers) for make in makers]
    makers[1].close()
    gaps = cKDTree(clouds[0]).query(clouds[1])[0]
    assert np.median(gaps) < 0.02
    assert gaps.max() < 0.12


@needs_gl
def test_pictures_by_gl():
    env = MetaWorldEnv("drawer-open", points=0, render_mode="rgb_array", render_backend="gl", render_size=(64, 48))
    env.reset(seed=0)
    picture = env.render()
    assert picture.shape == (48, 64, 3)
    assert picture.std() > 20
    env.close()


def test_without_gl_the_message_names_the_fix(monkeypatch):
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    monkeypatch.delenv("PYOPENGL_PLATFORM", raising=False)
    monkeypatch.setattr(gl, "working_backends", tuple)
    with pytest.raises(MissingDependency, match="apt-get install libosmesa6"):
        gl.choose_backend()


def test_clouds_and_pictures_need_no_gl():
    """Where MuJoCo may not touch GL at all, clouds and pictures are made all the same."""
    code = (
        "from simplatform.envs.manipulation.metaworld import MetaWorldEnv\n"
        "env = MetaWorldEnv(points=16, camera_size=16, render_mode='rgb_array', render_size=(32, 24))\n"
        "env.reset(seed=0); print(env.render().shape)"
    )
    environment = os.environ | {"MUJOCO_GL": "off"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert "(24, 32, 3)" in done.stdout, done.stderr
