"""One frame's point cloud: points that are none are dropped, and any prefix of it shows all of it.

The same for recordings that are read and for frames of a robot: policies look at a cloud's first points.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
PREFIX = 32


def in_farthest_order(cloud: Array) -> bool:
    """Return whether the first points ``(N, ≥3)`` are each the farthest from those before, to a thousandth."""
    points = cloud[:, :3].astype(np.float64)
    gaps = np.full(len(points), np.inf)
    for k in range(1, min(PREFIX, len(points))):
        gaps = np.minimum(gaps, np.linalg.norm(points - points[k - 1], axis=1))
        if gaps[k] < 0.999 * gaps.max():
            return False
    return True


def farthest_order(points: Array, count: int) -> NDArray[np.int64]:
    """Return the numbers of ``count`` points (N, 3), each the one farthest from those before; the first is number 0."""
    from fpsample import bucket_fps_kdline_sampling, fps_sampling

    points = np.ascontiguousarray(points, np.float32)
    height = 3 if len(points) < 1500 else 5
    if len(points) < 2**height:
        return np.asarray(fps_sampling(points, count, start_idx=0), np.int64)
    return np.asarray(bucket_fps_kdline_sampling(points, count, h=height, start_idx=0), np.int64)


def filled(cloud: Array, good: Array) -> Array:
    """Return a cloud ``(N, C)`` whose bad points repeat its ``good`` ones ``(N,)``, in their order."""
    kept, places = np.flatnonzero(good), np.arange(len(cloud))
    places[~good] = np.resize(kept, int((~good).sum()))
    found: Array = cloud[places]
    return found


def sampled(cloud: Array, count: int, as_given: bool = False) -> Array:
    """Return ``count`` points: the first ones of a cloud in farthest-point order, which others are put into.

    With ``as_given``, the order is left as it is. A cloud of fewer points repeats them.
    """
    if len(cloud) < count:
        return np.resize(cloud, (count, cloud.shape[1]))
    if as_given or in_farthest_order(cloud):
        return cloud[:count]
    return np.asarray(cloud[farthest_order(cloud[:, :3], count)])
