"""Clouds from depth images: what a camera saw, in the robot's frame, cropped and sampled."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from simplatform.demonstrations import Demonstrations, Episode
from simplatform.demonstrations.stored import stored
from simplatform.deployment.clouds import Array, one_of_each, sampled
from simplatform.deployment.images import as_bytes
from simplatform.errors import ConfigError, DataError

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
    def of(cls, table: object) -> Camera | None:
        """Return it for a table of settings; None for an empty one.

        Raises:
            ConfigError: a setting is missing, unknown or of another form.
        """
        if not table:
            return None
        try:
            unknown = set(table) - {item.name for item in dataclasses.fields(cls)} if isinstance(table, Mapping) else ()
            if unknown:
                known = ", ".join(item.name for item in dataclasses.fields(cls))
                raise ConfigError(f"env.depth has no {sorted(unknown)[0]!r}; it has {known}")
            return TypeAdapter(cls).validate_python(table)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"])) or "table"
            raise ConfigError(f"env.depth: {where}: {first['msg']} (intrinsics are [fx, fy, cx, cy])") from error

    def cloud(self, depth: Array, colour: Array | None, points: int) -> NDArray[np.float32]:
        """Return the cloud of a frame, ``(points, 3 or 6)``; zeros where nothing was measured."""
        fx, fy, cx, cy = self.intrinsics
        k = np.array([[fx, 0, cx], [0, fy, cy], [0, 0, 1]])
        pose = None if self.extrinsics is None else np.array(self.extrinsics)
        crop = None if self.crop is None else (np.array(self.crop[0]), np.array(self.crop[1]))
        try:
            return cloud_of(depth, k, pose, scale=self.scale, crop=crop, colour=colour, points=points)
        except DataError as error:
            if "no point is left" not in str(error):
                raise
            return np.zeros((points, 3 if colour is None else 6), np.float32)


def with_clouds(found: Demonstrations, camera: Camera, points: int) -> Demonstrations:
    """Return recordings whose depth images are clouds, ``point_cloud``, made when they are looked at.

    Raises:
        DataError: there are no such images.
    """
    first = found[0].observations
    for name in filter(None, (camera.image, camera.colour)):
        if name not in first or first[name].ndim < 3:
            raise DataError(f"env.depth: no images {name!r} in the file; there are {', '.join(first)}")
    return Demonstrations([_with_cloud(episode, camera, points) for episode in found], found.source)


def _with_cloud(episode: Episode, camera: Camera, points: int) -> Episode:
    seen = dict(episode.observations)
    depth, colour = seen.pop(camera.image), seen.get(camera.colour)
    shape = (len(depth), points, 3 if colour is None else 6)
    seen["point_cloud"] = stored(shape, np.float32, partial(_clouds, camera, depth, colour, points))
    return dataclasses.replace(episode, observations=seen)


def _clouds(
    camera: Camera, depth: Array, colour: Array | None, points: int, start: int, stop: int
) -> NDArray[np.float32]:  # fmt: skip
    flat = np.asarray(depth[start:stop], np.float64)
    flat = flat.squeeze(axis=tuple(axis for axis in (1, 3) if flat.ndim == 4 and flat.shape[axis] == 1)[:1])
    seen: Any = [None] * len(flat) if colour is None else as_bytes(np.asarray(colour[start:stop]), unit=False)
    return np.stack([camera.cloud(image, paint, points) for image, paint in zip(flat, seen, strict=True)])
