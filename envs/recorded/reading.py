"""Recordings as policies are given them: read, cleaned, sampled, and what was done in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from simplatform.budgets import memory_within
from simplatform.demonstrations import Demonstrations
from simplatform.demonstrations.formats import open_demonstrations
from simplatform.deployment.depth import Camera
from simplatform.envs.recorded import prepared
from simplatform.envs.recorded.clouds import Sampling
from simplatform.envs.recorded.columns import column_of
from simplatform.envs.recorded.depth import camera_declared, camera_of, with_clouds
from simplatform.envs.recorded.frames import refuse_holes, require_alike
from simplatform.envs.recorded.prepared import Recording
from simplatform.envs.recorded.roles import CLOUD, Keys, keys_of, mapped
from simplatform.errors import ConfigError
from simplatform.runs.fingerprint import data_fingerprint

Outliers = Literal["points", "all", "keep"]
CHOICES = {"sampling": ("auto", "farthest", "voxel", "first"), "outliers": ("points", "all", "keep")}


@dataclass(frozen=True)
class How:
    """How a file is read.

    ``points`` is how many points of each cloud are kept where they are sampled (see ``clouds.Order``), ``voxel`` the
    edge of cubes in the cloud's unit for ``sampling`` "voxel", 0 for one that fits. ``outliers`` says what becomes of
    values that are a thousand times out of the usual: "points" drops points of clouds, for no surface is there, and
    keeps readings and actions, for a rare event and a broken sensor look alike, but names them; "all" also sets those
    readings to the nearest usual one; "keep" keeps all. ``pixels`` is the edge of images as policies see them; 0 leaves
    them out. ``depth`` says which depth images become the cloud, and how.
    """

    points: int = 512
    sampling: Sampling = "auto"
    outliers: Outliers = "points"
    keys: Keys = ()
    voxel: float = 0.0
    pixels: int = 96
    depth: Camera | None = None

    @classmethod
    def of(cls, **settings: Any) -> How:
        """Return it for settings of an environment; ``keys`` is a table (see ``roles.mapped``).

        Raises:
            ConfigError: a setting is not one that can be.
        """
        camera = camera_of(settings.get("depth"))
        return cls(**{**settings, "keys": keys_of(settings.get("keys") or {}), "depth": camera})

    def __post_init__(self) -> None:
        for name, known in CHOICES.items():
            if getattr(self, name) not in known:
                raise ConfigError(f"env.{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}")
        if self.points < 1:
            raise ConfigError(f"env.points must be 1 or more, got {self.points}")
        if not 0 <= self.voxel < np.inf:
            raise ConfigError(f"env.voxel must be an edge of 0 or more, got {self.voxel}")
        if self.pixels and not 8 <= self.pixels <= 1024:
            raise ConfigError(f"env.pixels must be 8 to 1024, or 0 to leave images out, got {self.pixels}")


def recording(path: str, how: How) -> Recording:
    """Read a file of demonstrations; a file that has not changed is read once, and then lies in the cache.

    Raises:
        ConfigError: no path.
        DataError: no demonstrations, or numbers outside of clouds that are not finite.
    """
    if not path:
        raise ConfigError(
            "say which demonstrations: --set env.path=FILE (DP3's .zarr or .zip, a LeRobot folder, a Minari id)"
        )
    return _read(path, data_fingerprint(path), how)


@lru_cache(maxsize=2)
def _read(path: str, fingerprint: str, how: How) -> Recording:
    return prepared.read_or_make(path, fingerprint, repr(how), lambda folder: _make(path, how, folder))


def _make(path: str, how: How, folder: Path) -> None:
    """Read a file piece by piece, and write what policies see of it into a folder.

    Raises:
        DataError: see ``recording``.
    """
    found = open_demonstrations(path, lazy=True)
    refuse_holes(found, path)
    require_alike(found, path)
    said, declared = facts(found), dict[str, Any]()
    if len(found):
        taken = found
        found = found if how.depth is None else with_clouds(found, how.depth, how.points)
        found = mapped(found, how.keys, said, cameras=how.pixels > 0)
        declared = declaration(found)
        with memory_within(path, prepared.bytes_of(path)):
            _write(found, how, folder, said, declared)
        if how.depth is not None and CLOUD not in declared["keys"]:  # no other cloud was chosen by env.keys
            declared["clouds"][CLOUD]["depth"] = camera_declared(taken, how.depth, how.points)
    prepared.write_card(folder, found, said, declared)


def _write(found: Demonstrations, how: How, folder: Path, said: list[str], declared: dict[str, Any]) -> None:
    names = dict.fromkeys(key.partition(" ")[0] if key.startswith("image ") else key for key in found[0].observations)
    for number, key in enumerate(names):
        column = column_of(key, found, how)
        prepared.write_array(folder / f"{number}.npy", column.shape, column.dtype, column.rows())
        column.tell(said, declared)
    column = column_of("action", found, how)
    prepared.write_array(folder / "action.npy", column.shape, column.dtype, column.rows())
    column.tell(said, declared)


def facts(found: Demonstrations) -> list[str]:
    """Return what the file says of itself, and what its reader left out, in words."""
    source = found.source
    told = {"format": source.get("format"), "robot": source.get("robot"), "task": source.get("task")}
    known = [f"{key} {value}" for key, value in told.items() if value and isinstance(value, str)]
    lengths = [len(episode) for episode in found]
    rate = f"{source['fps']:g} frames a second" if isinstance(source.get("fps"), int | float) else "rate unknown"
    counted = (
        f"{len(found)} episodes, {sum(lengths)} frames ({min(lengths, default=0)} to {max(lengths, default=0)} each)"
    )
    lines = [", ".join([*known, rate, counted])]
    if skipped := source.get("skipped"):
        lines.append(f"left out: {', '.join(map(str, skipped))}")
    return lines


def declaration(found: Demonstrations) -> dict[str, Any]:
    """Return rate, keys and names of components of recordings, as an environment declares them."""
    source, keys = found.source, found.source.get("keys", {})
    fps, named = source.get("fps"), source.get("names") or {}
    names = {}
    for key in (*found[0].observations, "action"):
        made = keys.get(key, [key])
        parts = [_components(named, part) for part in made]
        if all(parts):
            names[key] = [name for one in parts for name in one]
    rate = {"dt": 1 / fps} if isinstance(fps, int | float) and fps > 0 else {}
    return {**rate, "keys": keys, "names": names, "clouds": {}, "images": {}, "units": {}}


def _components(named: Mapping[str, Any], part: str) -> list[str]:
    """Return the names of the components of a feature, such as joints: a list, or LeRobot's table of one list."""
    given = named.get(part, named.get(f"observation.{part}"))
    if isinstance(given, Mapping):
        given = next(iter(given.values()), None)
    return [str(name) for name in given] if isinstance(given, list | tuple) else []
