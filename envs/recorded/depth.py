"""Depth images of recordings become clouds, as ``env.depth`` says; the same is done to frames of a robot."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from simplatform.demonstrations import Demonstrations, Episode
from simplatform.demonstrations.stored import stored
from simplatform.deployment.clouds import Array
from simplatform.deployment.depth import Camera, flat
from simplatform.errors import ConfigError, DataError


def camera_of(table: object) -> Camera | None:
    """Return the camera of a table of settings, ``env.depth``; None for an empty one.

    Raises:
        ConfigError: a setting is missing, unknown or of another form.
    """
    if not table:
        return None
    try:
        unknown = set(table) - {item.name for item in dataclasses.fields(Camera)} if isinstance(table, Mapping) else ()
        if unknown:
            known = ", ".join(item.name for item in dataclasses.fields(Camera))
            raise ConfigError(f"env.depth has no {sorted(unknown)[0]!r}; it has {known}")
        return TypeAdapter(Camera).validate_python(table)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "table"
        raise ConfigError(f"env.depth: {where}: {first['msg']} (intrinsics are [fx, fy, cx, cy])") from error


def camera_declared(found: Demonstrations, camera: Camera, points: int) -> dict[str, Any]:
    """Return what an environment declares of a camera, with the size of the recordings' images."""
    height, width = flat(np.asarray(found[0].observations[camera.image][0])).shape
    return camera.declaration((height, width), points)


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
    images = np.asarray(depth[start:stop])
    seen: Any = [None] * len(images) if colour is None else np.asarray(colour[start:stop])
    return np.stack([camera.cloud(image, paint, points) for image, paint in zip(images, seen, strict=True)])
