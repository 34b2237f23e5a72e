"""Farthest-point sampling to a fixed number of points."""

from __future__ import annotations

from functools import partial

import numpy as np
from fpsample import bucket_fps_kdline_sampling, fps_sampling
from hypothesis import example, given, settings
from hypothesis import strategies as st

from simplatform.envs.manipulation.vision.compiling import compiled
from simplatform.envs.manipulation.vision.sampling import choose, farthest_points


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


def _reach(chosen):
    """Return how far each point was from those before it when it was chosen."""
    gaps = np.linalg.norm(chosen[:, None] - chosen[None], axis=-1)
    return [gaps[k, :k].min() for k in range(1, len(chosen))]


@settings(max_examples=25, deadline=None)
@example(2394, 356, False)  # two points that are equally far
@given(st.integers(1, 2500), st.integers(0, 2**31), st.booleans())
def test_the_order_is_fpsamples(total, seed, doubled):
    """Clouds of before this had loops of its own stay what they were."""
    points = np.random.default_rng(seed).normal(size=(total, 3)).astype(np.float32)
    height = 3 if total < 1500 else 5
    few = total < 2**height
    sample = fps_sampling if few else partial(bucket_fps_kdline_sampling, h=height)
    expected = sample(points, min(total, 512), start_idx=0)
    found, wanted = farthest_points(points, min(total, 512)), points[expected]
    if not np.array_equal(found, wanted):  # two that are equally far may stand the other way round
        assert sorted(map(tuple, found)) == sorted(map(tuple, wanted))
        np.testing.assert_allclose(_reach(found), _reach(wanted), rtol=1e-6)
    if doubled:  # more are wanted than there are different ones
        twice = np.concatenate([points, points])
        assert set(map(tuple, farthest_points(twice, total))) == set(map(tuple, points))


def test_compiled_loops_are_those_of_the_source():
    points = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    orders = np.empty((2, 30), np.int64)
    with np.errstate(invalid="ignore"):
        choose(points, 3, orders[0])
    compiled(choose)(points, 3, orders[1])
    np.testing.assert_array_equal(*orders)


def test_an_empty_view_gives_zeros():
    np.testing.assert_array_equal(farthest_points(np.empty((0, 3), np.float32), 4), np.zeros((4, 3)))
