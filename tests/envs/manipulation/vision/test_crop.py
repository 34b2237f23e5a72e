"""Workspace crops: boxes in their own axes, rays through them, and the published half-spaces."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.envs.manipulation.vision.camera import Camera
from simplatform.envs.manipulation.vision.crop import CROPS, Crop, named_crop, published_crop
from simplatform.errors import UnknownName

UNIT = Crop(np.zeros(3), np.eye(3), np.zeros(3), np.ones(3))


def turned(angle=0.5):
    c, s = np.cos(angle), np.sin(angle)
    return Crop(np.array([0.3, -0.2, 0.1]), np.array([[c, s, 0], [-s, c, 0], [0, 0, 1.0]]), -np.ones(3), np.ones(3))


def camera():
    return Camera.looking_at((1.3, -0.2, 1.1), (0.0, 0.6, 0.1), 0.9, 32, 32)


def test_a_ray_enters_and_leaves_the_unit_box():
    directions = np.array([[1.0, 0, 0], [0, 0, 1.0], [-1.0, 0, 0]])
    near, far = UNIT.interval(np.array([-2.0, 0.5, 0.5]), directions)
    assert (near[0], far[0]) == (2, 3)
    assert near[1] > far[1], "a ray beside the box misses it"
    assert near[2] > far[2], "and so does one that goes away from it"
    near, far = UNIT.interval(np.full(3, 0.5), np.eye(3))
    assert near.tolist() == [0, 0, 0]
    assert far.tolist() == [0.5, 0.5, 0.5]


@given(seed=st.integers(0, 10_000))
@settings(max_examples=30)
def test_a_place_on_a_ray_is_inside_exactly_between_its_ends(seed):
    random, crop = np.random.default_rng(seed), turned()
    start = random.normal(size=3) * 2
    directions = random.normal(size=(20, 3))
    near, far = crop.interval(start, directions)
    length = random.uniform(0, 4, 20)
    inside = crop.contains(start + length[:, None] * directions)
    assert np.array_equal(inside, (near < length) & (length < far))


def test_the_published_axes_are_a_rotation_after_the_camera():
    crop = published_crop(camera())
    assert np.allclose(crop.axes @ crop.axes.T, np.eye(3))
    assert np.linalg.det(crop.axes) * np.linalg.det(camera().rotation) == pytest.approx(1)


def test_the_published_crop_is_that_of_turned_camera_clouds():
    """DP3 turns the camera's cloud by 61.4° about x, −7° about y, and keeps a box; here by the formula itself."""
    eye = camera()
    cloud = np.random.default_rng(0).uniform(-2, 2, (4000, 3))
    a, b = np.deg2rad(61.4), np.deg2rad(-7.0)
    x, y, z = (cloud @ eye.rotation).T
    x, z = np.cos(b) * x + np.sin(b) * z, -np.sin(b) * x + np.cos(b) * z
    y, z = np.cos(a) * y + np.sin(a) * z, -np.sin(a) * y + np.cos(a) * z
    kept = (x > -0.5) & (x < 1) & (y > -1.5) & (y < -0.4) & (z > -0.795) & (z < 3)
    assert 0.02 < kept.mean() < 0.5
    assert np.array_equal(published_crop(eye).contains(eye.position + cloud), kept)


def test_crops_by_name():
    assert named_crop("workspace", camera()).contains(np.array([[0.0, 0.6, 0.2], [0.0, 0.0, 0.2]])).tolist() == [
        True,
        False,
    ]
    assert set(CROPS) == {"published", "workspace"}
    with pytest.raises(UnknownName, match=r"unknown crop 'publishd'.*Did you mean published"):
        named_crop("publishd", camera())
