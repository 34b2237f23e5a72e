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


def one_of_each(points: Array, edge: float) -> NDArray[np.int64]:
    """Return the numbers of the points (n, 3) that lie nearest to the mean of their cube, one of each cube.

    Cubes stand where they stand, whatever else is in the cloud: their corners are multiples of ``edge``.
    """
    points = points.astype(np.float64)
    cubes = np.floor(points / edge).astype(np.int64)
    _, owner, counts = np.unique(cubes, axis=0, return_inverse=True, return_counts=True)
    owner = owner.reshape(-1)
    means = np.stack([np.bincount(owner, points[:, axis]) for axis in range(3)], 1) / counts[:, None]
    distance = np.linalg.norm(points - means[owner], axis=1)
    order = np.lexsort((distance, owner))
    firsts = np.concatenate([[0], np.cumsum(counts)[:-1]])
    return np.sort(order[firsts])


def sampled(cloud: Array, count: int, as_given: bool = False, voxel: float = 0.0) -> Array:
    """Return ``count`` points: the first ones of a cloud in farthest-point order, which others are put into.

    With ``as_given``, the order is left as it is; with ``voxel``, a cube of that edge keeps one of its points first. A
    cloud of fewer points repeats them.
    """
    cloud = cloud[one_of_each(cloud[:, :3], voxel)] if voxel else cloud
    if len(cloud) < count:
        cloud = cloud if as_given or len(cloud) < 2 else cloud[farthest_order(cloud[:, :3], len(cloud))]
        return np.resize(cloud, (count, cloud.shape[1]))
    if as_given or in_farthest_order(cloud):
        return cloud[:count]
    return np.asarray(cloud[farthest_order(cloud[:, :3], count)])
