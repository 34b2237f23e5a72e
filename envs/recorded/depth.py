"""Clouds from depth images: what a camera saw, in the robot's frame, cropped and sampled."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from simplatform.deployment.clouds import Array, one_of_each, sampled
from simplatform.errors import DataError


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
