"""Farthest-point sampling to a fixed number of points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float32]


def farthest_points(points: Points, count: int) -> Points:
    """Return ``count`` of the points (M, 3), each the one farthest from those before it; the first is ``points[0]``.

    The output is in sampling order, so a prefix of k points is the sample of k points. With fewer than ``count``
    points all are kept and the sequence is repeated; without any, the result is zeros. Exact farthest-point sampling
    with the buckets of Han et al. (2023), "QuickFPS", from the library fpsample.
    """
    if len(points) == 0:
        return np.zeros((count, 3), np.float32)
    order = _order(points, min(count, len(points)))
    return points[np.resize(order, count)]


def _order(points: Points, count: int) -> NDArray[np.int64]:
    from fpsample import bucket_fps_kdline_sampling, fps_sampling

    height = 3 if len(points) < 1500 else 5
    if len(points) < 2**height:
        return np.asarray(fps_sampling(points, count, start_idx=0), np.int64)
    return np.asarray(bucket_fps_kdline_sampling(points, count, h=height, start_idx=0), np.int64)
