"""Farthest-point sampling to a fixed number of points."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simplatform.envs.manipulation.vision.compiling import compiled

Points = NDArray[np.float32]
Order = NDArray[np.int64]

GROUP = 8
"""Points that are passed over together: neighbours in the order in which a camera's rays give them."""
ROUNDING = np.float32(0.9999)
"""Bounds on squared distances are this much lower, for what float32 loses in them."""


def farthest_points(points: Points, count: int) -> Points:
    """Return ``count`` of the points (M, 3), each the one farthest from those before it.

    The output is in sampling order, so a prefix of k points is the sample of k points. With fewer than ``count``
    points all are kept and the sequence is repeated; without any, the result is zeros. The first point is the one that
    the library fpsample begins with (Han et al., 2023, "QuickFPS"), so that samples are the same as those it gave.
    """
    if len(points) == 0:
        return np.zeros((count, 3), np.float32)
    order = np.empty(min(count, len(points)), np.int64)
    compiled(choose)(np.ascontiguousarray(points), _first(points), order)
    return points[order if len(order) == count else np.resize(order, count)]


def _first(points: Points) -> int:
    """Return the point that fpsample's tree of buckets, which it sorts the points into, puts first."""
    from fpsample import bucket_fps_kdline_sampling

    height = 3 if len(points) < 1500 else 5
    return int(bucket_fps_kdline_sampling(points, 1, h=height, start_idx=0)[0]) if len(points) >= 2**height else 0


def choose(points: Points, start: int, order: Order) -> None:
    """Write the first ``len(order)`` points of the farthest-point order of (M, 3) that begins with ``start``.

    Points are in groups of neighbours with a box around each and the largest of their distances to what is chosen. A
    group that the newest point's distance to its box rules out is left as it is: exact, and after the first points
    nearly all are. Of points as far, the one that comes first is taken. Plain Python, slow; numba compiles it.
    """
    total = len(points)
    groups = (total + GROUP - 1) // GROUP
    inf, zero = np.float32(np.inf), np.float32(0)
    xs, ys, zs = np.full(groups * GROUP, inf), np.full(groups * GROUP, inf), np.full(groups * GROUP, inf)
    gap, low, high = np.full(groups * GROUP, np.float32(-1)), np.full((3, groups), inf), np.full((3, groups), -inf)
    for i in range(total):
        g = i // GROUP
        xs[i], ys[i], zs[i], gap[i] = points[i, 0], points[i, 1], points[i, 2], inf
        for axis in range(3):
            low[axis, g] = min(low[axis, g], points[i, axis])
            high[axis, g] = max(high[axis, g], points[i, axis])
    top, bound, stale = np.full(groups, inf), np.empty(groups, np.float32), np.empty(groups, np.int64)
    newest = start
    for step in range(len(order)):
        order[step] = newest
        x, y, z = xs[newest], ys[newest], zs[newest]
        for g in range(groups):
            a = max(max(low[0, g] - x, x - high[0, g]), zero)
            b = max(max(low[1, g] - y, y - high[1, g]), zero)
            c = max(max(low[2, g] - z, z - high[2, g]), zero)
            bound[g] = (a * a + b * b + c * c) * ROUNDING
        near = 0
        for g in range(groups):  # without branches: no processor guesses these
            stale[near] = g
            near += bound[g] < top[g]
        for k in range(near):
            g, largest = stale[k], np.float32(-1)
            for i in range(g * GROUP, (g + 1) * GROUP):
                a, b, c = xs[i] - x, ys[i] - y, zs[i] - z
                gap[i] = min(a * a + b * b + c * c, gap[i])
                largest = max(largest, gap[i])
            top[g] = largest
        best = np.float32(-1)
        for g in range(groups):
            best = max(best, top[g])
        g = 0
        while top[g] != best:
            g += 1
        newest = g * GROUP
        while gap[newest] != best:
            newest += 1
