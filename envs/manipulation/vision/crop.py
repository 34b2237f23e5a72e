"""Workspace crops: the part of the world that a point cloud shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simplatform.envs.manipulation.vision.camera import Array, Camera
from simplatform.errors import UnknownName


@dataclass(frozen=True)
class Crop:
    """A box, not necessarily aligned with the world: ``low < axes @ (p − origin) < high``.

    ``axes`` (3, 3) has the box's axes in world coordinates as rows; ``low`` and ``high`` (3,) are in m.
    """

    origin: Array
    axes: Array
    low: Array
    high: Array

    def interval(self, position: Array, directions: Array) -> tuple[Array, Array]:
        """Return where rays from ``position`` (3,) along ``directions`` (N, 3) enter and leave the box, in m.

        A ray that misses the box leaves before it enters (slab test).
        """
        start, slope = self.axes @ (position - self.origin), directions @ self.axes.T
        with np.errstate(divide="ignore", invalid="ignore"):
            first, second = (self.low - start) / slope, (self.high - start) / slope
        near, far = np.fmin(first, second).max(axis=1), np.fmax(first, second).min(axis=1)
        return np.maximum(near, 0.0), far

    def contains(self, points: Array) -> np.ndarray:
        """Return which of the points (N, 3) lie inside."""
        local = (points - self.origin) @ self.axes.T
        found: np.ndarray = np.all((local > self.low) & (local < self.high), axis=1)
        return found


def published_crop(camera: Camera) -> Crop:
    """Return the crop of DP3, FlowPolicy and MP1, as a box in the world frame.

    They turn the camera's cloud by 61.4° about x and −7° about y, which makes it level for Meta-World's ``corner2``
    camera to half a degree, and keep (−0.5, −1.5, −0.795) to (1, −0.4, 100) there. The same half-spaces hold here; the
    upper bound is 3 m, which nothing in view reaches. The near part of the table falls away; its far part, which the
    tilt lifts above the bound, and the low walls around it stay.
    """
    a, b = np.deg2rad([61.4, -7.0])
    about_x = np.array([[1, 0, 0], [0, np.cos(a), np.sin(a)], [0, -np.sin(a), np.cos(a)]])
    about_y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    axes = about_x @ about_y @ camera.rotation.T
    return Crop(camera.position, axes, np.array([-0.5, -1.5, -0.795]), np.array([1.0, -0.4, 3.0]))


def workspace_crop(camera: Camera) -> Crop:
    """Return the space between the walls of Meta-World's table, aligned with the world: arm and objects, no walls."""
    return Crop(np.zeros(3), np.eye(3), np.array([-0.67, 0.23, 0.005]), np.array([0.67, 0.97, 3.0]))


def named_crop(name: str, camera: Camera) -> Crop:
    """Return one of Meta-World's crops by its name.

    Raises:
        UnknownName: neither "workspace" nor "published".
    """
    if name not in CROPS:
        raise UnknownName("crop", name, CROPS, f"There are {', '.join(CROPS)}.")
    return CROPS[name](camera)


CROPS = {"published": published_crop, "workspace": workspace_crop}
"""Name → function that makes the crop for a camera."""
