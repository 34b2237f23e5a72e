"""One frame's cloud."""

from __future__ import annotations

import numpy as np

from simplatform.deployment.clouds import farthest_order, filled, in_farthest_order, sampled


def test_bad_points_repeat_good_ones_in_their_order():
    cloud = np.arange(15.0).reshape(5, 3)
    good = np.array([False, True, False, True, False])
    assert filled(cloud, good)[:, 0].tolist() == [3, 3, 9, 9, 3]


def test_a_sample_shows_all_of_a_cloud_and_is_left_alone_the_next_time():
    cloud = np.random.default_rng(0).uniform(size=(300, 6)).astype(np.float32)
    cloud = cloud[np.argsort(cloud[:, 0])]
    assert not in_farthest_order(cloud)
    found = sampled(cloud, 40)
    assert in_farthest_order(found)
    assert np.array_equal(found, cloud[farthest_order(cloud[:, :3], 40)])
    assert np.ptp(found[:, 0]) > 0.9 * np.ptp(cloud[:, 0])
    assert np.array_equal(sampled(found, 40), found)
    assert np.array_equal(sampled(cloud, 40, as_given=True), cloud[:40])
    assert sampled(cloud[:7], 40).shape == (40, 6)
