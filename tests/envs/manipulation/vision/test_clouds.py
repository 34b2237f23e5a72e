"""From a MuJoCo state to a point cloud: cast, crop, sample."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.manipulation.metaworld import MetaWorldEnv
from simplatform.envs.manipulation.vision.clouds import PointCloud, corner2
from simplatform.envs.manipulation.vision.crop import CROPS
from simplatform.envs.manipulation.vision.raycast import RayCaster


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
