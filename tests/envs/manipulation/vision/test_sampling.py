"""Farthest-point sampling to a fixed number of points."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.envs.manipulation.vision.sampling import farthest_points


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


def test_an_empty_view_gives_zeros():
    np.testing.assert_array_equal(farthest_points(np.empty((0, 3), np.float32), 4), np.zeros((4, 3)))
