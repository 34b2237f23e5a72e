"""A pinhole camera: pixels to rays and points to pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

Markers = tuple[Array, Array]
"""Positions (M, 3) and radii (M,) in m of spheres that are drawn and not simulated: Meta-World's goals."""


@dataclass(frozen=True)
class Camera:
    """A pinhole camera in MuJoCo's convention: it looks along its own −z axis, with x to the right and y up.

    ``position`` (3,) in m; ``rotation`` (3, 3) has the camera's axes in world coordinates as columns; ``fovy`` is the
    vertical field of view in rad; ``width`` and ``height`` are in pixels. Pixels are square, rows run downwards.
    """

    position: Array
    rotation: Array
    fovy: float
    width: int
    height: int

    @classmethod
    def looking_at(cls, position: Any, target: Any, fovy: float, width: int, height: int) -> Camera:
        """Place a camera at ``position`` (3,) so that ``target`` (3,) is in the middle of an upright picture."""
        position, target = np.asarray(position, float), np.asarray(target, float)
        backward = (position - target) / np.linalg.norm(position - target)
        right = np.cross([0.0, 0.0, 1.0], backward)
        right /= np.linalg.norm(right)
        return cls(position, np.stack([right, np.cross(backward, right), backward], axis=1), fovy, width, height)

    @property
    def focal(self) -> float:
        """Focal length in pixels."""
        return float(self.height / 2 / np.tan(self.fovy / 2))

    def rays(self) -> Array:
        """Return the unit directions (height·width, 3) through all pixel centres, row by row, in world coordinates."""
        u, v = np.meshgrid(np.arange(self.width) + 0.5, np.arange(self.height) + 0.5)
        across, up = (u - self.width / 2) / self.focal, (self.height / 2 - v) / self.focal
        local = np.stack([across, up, -np.ones_like(u)], axis=-1).reshape(-1, 3)
        return np.ascontiguousarray(local / np.linalg.norm(local, axis=1, keepdims=True) @ self.rotation.T)

    def project(self, points: Array) -> tuple[Array, Array, Array]:
        """Return column and row (pixel centres at half integers) and depth along the axis in m of points (..., 3)."""
        local = (points - self.position) @ self.rotation
        depth = -local[..., 2]
        with np.errstate(divide="ignore", invalid="ignore"):
            scale = self.focal / depth
            return self.width / 2 + local[..., 0] * scale, self.height / 2 - local[..., 1] * scale, depth
