"""Clouds of cameras: every prefix shows all of a frame, and points that are none are dropped and counted."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.deployment.clouds import farthest_order, in_farthest_order, sampled
from simplatform.envs.recorded.clouds import Cleaning, Order


def raster(frames=3, seed=0):
    """Return frames of a table, 30 × 32 points in the order of pixels, then an object above it, 64 points."""
    draws = np.random.default_rng(seed)
    flat = np.stack(np.meshgrid(np.linspace(-0.5, 0.5, 32), np.linspace(-0.5, 0.5, 30)), -1).reshape(-1, 2)
    table = np.broadcast_to(np.c_[flat, np.zeros(len(flat))], (frames, len(flat), 3))
    thing = np.array([0.1, 0.1, 0.2]) + 0.01 * draws.normal(size=(frames, 64, 3))
    return np.concatenate([table, thing], 1).astype(np.float32)


def ordered(clouds, count, sampling, voxel=0.0):
    order = Order.of(clouds, count, sampling, Cleaning.of(clouds, drop_far=True), voxel)
    return [order.put(cloud) for cloud in clouds], order


def cleaned(clouds, drop_far):
    cleaning = Cleaning.of(clouds, drop_far)
    return [cleaning.clean(cloud, number, last=True) for number, cloud in enumerate(clouds)], cleaning


def cubes(points, edge):
    """Return how many points there are in each cube, clipped: whether there is one."""
    return np.clip(np.histogramdd(points, bins=[np.arange(-0.6, 0.7, edge)] * 3)[0], 0, 1)


def test_the_first_points_of_a_camera_s_cloud_show_the_object():
    (seen,), said = ordered([raster()], 512, "auto")
    assert seen.shape == (3, 512, 3)
    assert ((seen[:, :128, 2] > 0.1).sum(1) >= 1).all()
    assert not (raster()[:, :128, 2] > 0.1).any()
    assert "512 sampled" in said.words


def test_farthest_order_is_recognised_and_then_left_alone():
    cloud = raster()
    assert not in_farthest_order(cloud[0])
    done = np.stack([frame[farthest_order(frame, 200)] for frame in cloud])
    (kept,), said = ordered([done], 64, "auto")
    np.testing.assert_array_equal(kept, done)
    assert "farthest first" in said.words
    (first,), _ = ordered([cloud], 64, "first")
    np.testing.assert_array_equal(first, cloud)


def test_one_point_of_each_cube_is_sampled_whatever_the_density_of_the_camera():
    cloud = raster()
    (seen,), order = ordered([cloud], 128, "voxel")
    assert seen.shape == (3, 128, 3)
    assert order.declared["voxel"] == order.voxel > 0
    assert ((seen[:, :, 2] > 0.1).sum(1) >= 1).all()
    near = cloud[:, :1] + np.float32([1e-3, 1e-3, 0]) * np.arange(5000)[:, None] % 0.05
    (dense,), _ = ordered([np.concatenate([cloud, near], 1)], 128, "voxel", order.voxel)  # a surface of many pixels
    assert (cubes(dense[0], 0.1) == cubes(seen[0], 0.1)).mean() > 0.99
    on_the_robot = sampled(cloud[1], 128, voxel=order.voxel)
    np.testing.assert_array_equal(on_the_robot, seen[1])


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 60), st.integers(0, 99))
def test_whatever_is_sampled_is_in_farthest_order_and_of_the_frame(points, seed):
    cloud = np.random.default_rng(seed).normal(size=(1, points, 6)).astype(np.float32)
    (found,), _ = ordered([cloud], 40, "farthest")
    assert in_farthest_order(found[0])
    assert {row.tobytes() for row in found[0]} <= {row.tobytes() for row in cloud[0]}
    assert found.shape == (1, min(points, 40), 6)


@pytest.mark.parametrize("unit", [1e-3, 1.0, 1e3])
def test_points_that_are_none_are_repeats_of_others(unit):
    clouds = [unit * raster(seed=seed).astype(np.float64) for seed in range(4)]
    clouds[2][1, 7], clouds[2][1, 9, 2], clouds[3][0, 5] = np.nan, np.inf, 1e6 * unit
    clouds[1][1] = 0
    whole, found = cleaned(clouds, drop_far=True)
    assert (found.holes.values, found.holes.first) == (2, (2, 1))
    assert (found.far.values, found.far.first) == (1, (3, 0))
    assert (found.empty.frames, found.empty.first) == (1, (1, 1))
    assert all(np.isfinite(cloud).all() and np.abs(cloud).max() < unit for cloud in whole)
    assert whole[0] is clouds[0]
    good = [n for n in range(1024) if n not in (7, 9)]
    np.testing.assert_array_equal(whole[2][1, good], clouds[2][1, good])
    assert (clouds[2][1, 7] != whole[2][1, 7]).all()


def test_far_points_stay_where_that_is_asked_and_are_named():
    clouds = [raster().astype(np.float64)]
    clouds[0][0, 3] = 1e6
    whole, found = cleaned(clouds, drop_far=False)
    assert whole[0].max() == 1e6
    assert "kept" in found.said("cloud")[0]
    assert "episode 0, frame 0" in found.said("cloud")[0]


def test_a_frame_without_a_point_is_zeros():
    cloud = raster()
    cloud[1] = np.nan
    (whole,), found = cleaned([cloud], drop_far=True)
    assert not whole[1].any()
    assert found.empty.first == (0, 1)
