"""Clouds from depth images: what a camera saw, in the robot's frame, cropped and sampled.

The same for recordings that are read and for frames of a robot, from what a checkpoint declares of the camera.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simplatform.deployment.clouds import Array, one_of_each, sampled
from simplatform.deployment.images import as_bytes
from simplatform.errors import DataError, FrameError

Vector = tuple[float, float, float]


def cloud_of(
    depth: Array,
    intrinsics: Array,
    extrinsics: Array | None = None,
    *,
    scale: float = 1.0,
    crop: tuple[Array, Array] | None = None,
    colour: Array | None = None,
    voxel: float = 0.0,
    points: int = 0,
) -> NDArray[np.float32]:
    """Return the points ``(n, 3)``, or ``(n, 6)`` with colour, that a pinhole camera saw.

    Args:
        depth: distances along the optical axis ``(H, W)``; 0 and what is not finite is no measurement.
        intrinsics: ``K (3, 3)``, in pixels: x right, y down, z forward.
        extrinsics: the camera's pose in the wanted frame, ``(4, 4)``; None leaves points in the camera's.
        scale: metres in a unit of ``depth``, such as 0.001 for millimetres.
        crop: lowest and highest corner ``(3,)`` of a box in the wanted frame; points outside are left out.
        colour: ``(H, W, 3)``, of the same pixels.
        voxel: edge of cubes, m, of which one point each is kept, that nearest to the mean; 0 keeps all.
        points: number of points, in farthest-point order, so that policies see all of it; 0 keeps all.

    Raises:
        DataError: shapes do not fit, or no point is left.
    """
    depth, k = np.asarray(depth, np.float64), np.asarray(intrinsics, np.float64)
    if depth.ndim != 2 or k.shape != (3, 3) or (colour is not None and np.shape(colour) != (*depth.shape, 3)):
        raise DataError(
            f"expected depth (H, W), intrinsics (3, 3) and colour (H, W, 3), got {depth.shape}, {k.shape} and "
            f"{None if colour is None else np.shape(colour)}"
        )
    seen = np.isfinite(depth) & (depth > 0)
    rows, columns = np.nonzero(seen)
    rays = np.stack([columns, rows, np.ones(len(rows))], 1) @ np.linalg.inv(k).T
    cloud = rays * (scale * depth[seen])[:, None]
    if extrinsics is not None:
        pose = np.asarray(extrinsics, np.float64)
        if pose.shape != (4, 4):
            raise DataError(f"extrinsics are a pose (4, 4), got {pose.shape}")
        cloud = cloud @ pose[:3, :3].T + pose[:3, 3]
    cloud = cloud if colour is None else np.concatenate([cloud, np.asarray(colour)[seen]], 1)
    if crop is not None:
        low, high = (np.asarray(corner, np.float64) for corner in crop)
        cloud = cloud[((cloud[:, :3] >= low) & (cloud[:, :3] <= high)).all(1)]
    if not len(cloud):
        raise DataError("no point is left: the depth image is empty, or the crop is somewhere else (is `scale` right?)")
    cloud = cloud if not voxel else cloud[one_of_each(cloud[:, :3], voxel)]
    return (sampled(cloud, points) if points else cloud).astype(np.float32)


@dataclass(frozen=True)
class Camera:
    """Where a depth image is in a file, and how it was taken: the table ``env.depth``.

    ``intrinsics`` are fx, fy, cx, cy in pixels; ``extrinsics`` the camera's pose in the robot's frame, the rows of a
    (4, 4) matrix; ``crop`` the lowest and highest corner of a box there; ``colour`` names images of the same pixels.
    """

    image: str
    intrinsics: tuple[float, float, float, float]
    extrinsics: tuple[tuple[float, float, float, float], ...] | None = None
    scale: float = 1.0
    crop: tuple[Vector, Vector] | None = None
    colour: str = ""

    @classmethod
    def declared(cls, table: Mapping[str, Any]) -> Camera:
        """Return it for what ``Facts.clouds`` says under ``depth``; what else stands there is left out."""
        known = {item.name for item in dataclasses.fields(cls)}
        return cls(**{key: value for key, value in table.items() if key in known})

    def declaration(self, size: tuple[int, int], points: int) -> dict[str, Any]:
        """Return what an environment declares of it, as JSON; ``size`` is (H, W), of which ``points`` are taken."""
        return {**dataclasses.asdict(self), "size": list(size), "points": points}

    def cloud(self, depth: Array, colour: Array | None, points: int) -> NDArray[np.float32]:
        """Return the cloud of a frame, ``(points, 3 or 6)``; zeros where nothing was measured.

        ``depth`` is ``(H, W)``, ``(H, W, 1)`` or ``(1, H, W)``, ``colour`` an image as ``images.as_bytes`` takes it, up
        to 255.
        """
        fx, fy, cx, cy = self.intrinsics
        k = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
        pose = None if self.extrinsics is None else np.array(self.extrinsics)
        crop = None if self.crop is None else (np.array(self.crop[0]), np.array(self.crop[1]))
        paint = None if colour is None else as_bytes(np.asarray(colour), unit=False)
        try:
            return cloud_of(flat(depth), k, pose, scale=self.scale, crop=crop, colour=paint, points=points)
        except DataError as error:
            if "no point is left" not in str(error):
                raise
            return np.zeros((points, 3 if colour is None else 6), np.float32)


def flat(depth: Array) -> Array:
    """Return a depth image ``(H, W)`` of one that may have an axis of one channel, first or last."""
    found = np.asarray(depth)
    axes = [axis for axis in (0, 2) if found.ndim == 3 and found.shape[axis] == 1]
    return found.squeeze(axis=axes[0]) if axes else found


def seen(about: Mapping[str, Any], depth: Array, colour: Array | None = None) -> NDArray[np.float32]:
    """Return the cloud of a robot's depth image, as recordings' were made: ``about`` is what ``Facts.clouds`` says.

    Raises:
        FrameError: an image of another size, or of no point.
    """
    camera, size, depth = Camera.declared(about), tuple(about["size"]), flat(depth)
    if depth.shape != size:
        raise FrameError(f"{camera.image!r} has shape {depth.shape}, expected {size}: intrinsics are of that size")
    if colour is not None and np.shape(colour) not in ((*size, 3), (3, *size)):
        raise FrameError(f"{camera.colour!r} has shape {np.shape(colour)}, expected {(*size, 3)}: it paints the points")
    cloud = camera.cloud(depth, colour, about["points"])
    if not cloud.any():
        empty = not (np.isfinite(depth) & (depth > 0)).any()
        why = "it is empty" if empty else f"is its unit another one? It was {camera.scale:g} m in training"
        raise FrameError(f"{camera.image!r} shows no point{'' if empty else ' within the crop'}: {why}")
    return cloud
