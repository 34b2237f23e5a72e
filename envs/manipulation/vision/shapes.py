"""Where rays meet MuJoCo's simple shapes: spheres, capsules, ellipsoids, cylinders and boxes, as ``mj_ray`` does."""

from __future__ import annotations

from math import sqrt

import mujoco
import numpy as np
from numpy.typing import NDArray

from simplatform.envs.manipulation.vision.camera import Array

SPHERE, CAPSULE, ELLIPSOID, CYLINDER, BOX = (
    int(kind)
    for kind in (
        mujoco.mjtGeom.mjGEOM_SPHERE, mujoco.mjtGeom.mjGEOM_CAPSULE, mujoco.mjtGeom.mjGEOM_ELLIPSOID,
        mujoco.mjtGeom.mjGEOM_CYLINDER, mujoco.mjtGeom.mjGEOM_BOX,
    )
)  # fmt: skip
SHAPES = (SPHERE, CAPSULE, ELLIPSOID, CYLINDER, BOX)
"""Numbers of the kinds of geom that are here; planes, height fields and the like are not."""
PARALLEL = 1e-15
"""Slope below which a ray runs along a face: MuJoCo's least value."""


def trace(
    kinds: NDArray[np.int32], sizes: Array, offsets: Array, turns: Array, boxes: NDArray[np.int64], rays: Array,
    wanted: NDArray[np.bool_], numbers: NDArray[np.int64], distance: Array, geom: NDArray[np.int32],
) -> None:  # fmt: skip
    """Lower ``distance`` (H, W) and set ``geom`` (H, W) where rays meet one of the shapes earlier.

    Shape k of kind ``kinds[k]`` and MuJoCo's ``sizes[k]`` (3,) in m lies at ``offsets[k]`` (3,) from the camera, turned
    by ``turns[k]`` (3, 3), within the rectangle ``boxes[k]`` of the picture: left, top, right + 1, bottom + 1.
    ``rays`` (H, W, 3) are unit vectors; those ``wanted`` (H, W) are followed. Plain Python, slow; numba compiles it.
    """
    point, slope = np.empty(3), np.empty(3)
    for k in range(len(kinds)):
        for i in range(3):
            point[i] = 0.0
            for j in range(3):
                point[i] -= turns[k, j, i] * offsets[k, j]
        for row in range(boxes[k, 1], boxes[k, 3]):
            for column in range(boxes[k, 0], boxes[k, 2]):
                if not wanted[row, column]:
                    continue
                for i in range(3):
                    slope[i] = 0.0
                    for j in range(3):
                        slope[i] += turns[k, j, i] * rays[row, column, j]
                found = meet_shape(kinds[k], sizes[k], point, slope)
                if found < distance[row, column]:
                    distance[row, column], geom[row, column] = found, numbers[k]


def meet_shape(kind: int, size: Array, point: Array, slope: Array) -> float:
    """Return how far from ``point`` (3,) a ray along ``slope`` (3,) meets a shape in its own frame; inf if never."""
    if kind == BOX:
        return meet_box(size, point, slope)
    if kind == SPHERE:
        return meet_ellipsoid(size[0], size[0], size[0], 0.0, point, slope)
    if kind == ELLIPSOID:
        return meet_ellipsoid(size[0], size[1], size[2], 0.0, point, slope)
    found = meet_tube(size[0], size[1], point, slope)
    for side in (-1.0, 1.0):
        end = side * size[1]
        if kind == CAPSULE:
            found = min(found, meet_cap(size[0], end, side, point, slope))
        elif abs(slope[2]) > PARALLEL:
            at = (end - point[2]) / slope[2]
            x, y = point[0] + at * slope[0], point[1] + at * slope[1]
            if 0 <= at < found and x * x + y * y <= size[0] * size[0]:
                found = at
    return found


def meet_box(size: Array, point: Array, slope: Array) -> float:
    """Return the same for a box of half lengths ``size``."""
    found = np.inf
    for i in range(3):
        if abs(slope[i]) > PARALLEL:
            j, k = (i + 1) % 3, (i + 2) % 3
            for side in (-1.0, 1.0):
                at = (side * size[i] - point[i]) / slope[i]
                if (
                    0 <= at < found
                    and abs(point[j] + at * slope[j]) <= size[j]
                    and abs(point[k] + at * slope[k]) <= size[k]
                ):
                    found = at
    return found


def meet_ellipsoid(a: float, b: float, c: float, along: float, point: Array, slope: Array) -> float:
    """Return the same for an ellipsoid of half axes a, b, c whose centre is at z = ``along``."""
    x, y, z = point[0] / a, point[1] / b, (point[2] - along) / c
    u, v, w = slope[0] / a, slope[1] / b, slope[2] / c
    first, second = roots(u * u + v * v + w * w, u * x + v * y + w * z, x * x + y * y + z * z - 1.0)
    return first if first >= 0 else (second if second >= 0 else np.inf)


def meet_tube(radius: float, half: float, point: Array, slope: Array) -> float:
    """Return the same for the round side of a cylinder along z."""
    x, y, u, v = point[0], point[1], slope[0], slope[1]
    first, second = roots(u * u + v * v, u * x + v * y, x * x + y * y - radius * radius)
    at = first if first >= 0 else second
    return at if at >= 0 and abs(point[2] + at * slope[2]) <= half else np.inf


def meet_cap(radius: float, end: float, side: float, point: Array, slope: Array) -> float:
    """Return the same for the half sphere at an end of a capsule along z."""
    x, y, z = point[0], point[1], point[2] - end
    u, v, w = slope[0], slope[1], slope[2]
    first, second = roots(u * u + v * v + w * w, u * x + v * y + w * z, x * x + y * y + z * z - radius * radius)
    for at in (first, second):
        if at >= 0 and side * (z + at * w) >= 0:
            return at
    return np.inf


def roots(a: float, b: float, c: float) -> tuple[float, float]:
    """Return the solutions of a t² + 2 b t + c = 0, the smaller first; −1 where there are none."""
    square = b * b - a * c
    if a < PARALLEL or square < PARALLEL:
        return -1.0, -1.0
    root = sqrt(square)
    return (-b - root) / a, (-b + root) / a
