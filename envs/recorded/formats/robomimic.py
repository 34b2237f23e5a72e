"""robomimic's HDF5: ``data/demo_0/{actions, obs/*, …}``, an attribute ``env_args`` with the environment's name.

Also the layout of MimicGen, and of robosuite's files once robomimic has extracted observations. Images and clouds
stay in the file until they are looked at.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np

from simplatform.demonstrations import Demonstrations, Episode
from simplatform.demonstrations.hdf5 import Later, hdf5, nested
from simplatform.demonstrations.losses import ABOUT
from simplatform.envs.recorded.frames import Array, refuse_holes
from simplatform.errors import DataError
from simplatform.runs.files import reading, storage_errors, write_bytes
from simplatform.runs.folder import Folder

NAME = re.compile(r"demo_\d+")
ABOUT_KEY = "simplatform"
"""Our own attribute: what the layout has no place for, such as the rate."""


def read_robomimic(path: Path) -> Demonstrations:
    """Read a file of robomimic's layout. It has no observation after the last action: the last one is repeated.

    Raises:
        DataError: not such a file, no observations in it, lengths that differ, or values that are not finite.
    """
    with reading(f"{path} is damaged"), hdf5(Folder(path.parent, DataError), path.name) as file:
        demos = _demos(file, path)
        source, later = {"format": "robomimic", **_about(file["data"].attrs)}, Later(path)
        found = Demonstrations([_episode(demo, path, later) for demo in demos], source)
    refuse_holes(found, path)
    return found


def _demos(file: Any, path: Path) -> list[Any]:
    data = file.get("data")
    names = sorted((name for name in data or () if NAME.fullmatch(name)), key=lambda name: int(name[5:]))
    if not names:
        raise DataError(f"{path} is not of robomimic's layout: there is no data/demo_0")
    for name in names:
        for part in ("actions", "obs"):
            if part not in data[name]:
                fix = "; robomimic's dataset_states_to_obs.py adds observations" if part == "obs" else ""
                raise DataError(f"{path}: data/{name}/{part} is missing{fix}")
    return [data[name] for name in names]


def _arrays(group: Any, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield arrays, unread, those of groups within as ``outer/inner``."""
    for key, value in group.items():
        if hasattr(value, "ndim"):
            yield f"{prefix}{key}", value
        else:
            yield from _arrays(value, f"{prefix}{key}/")


def _about(attributes: Any) -> dict[str, Any]:
    """Return what the attributes say: the task, and, of files that this package wrote, rate, robot and names."""
    found: dict[str, Any] = {"task": ""}
    with suppress(KeyError, TypeError, ValueError):
        found["task"] = str(json.loads(attributes["env_args"])["env_name"])
    with suppress(KeyError, TypeError, ValueError):
        own = dict(json.loads(attributes[ABOUT_KEY]))
        found |= {key: own[key] for key in ABOUT if own.get(key)}
    return found


def _episode(demo: Any, path: Path, later: Later) -> Episode:
    actions = np.asarray(demo["actions"])
    fields: dict[str, Array] = {}
    for key, values in _arrays(demo["obs"]):
        if values.dtype.kind not in "fiub":
            continue
        if len(values) != len(actions):
            raise DataError(f"{path}: {values.name} has {len(values)} steps, {demo.name}/actions has {len(actions)}")
        if values.ndim >= 3:
            fields[key] = later.rows(values.name, values.shape, values.dtype, repeat=True)
            continue
        read = np.asarray(values)
        fields[key] = np.concatenate([read, read[-1:]])
    infos = {key: np.asarray(demo[key], float) for key in ("rewards", "dones") if key in demo and demo[key].ndim == 1}
    infos = {key.removesuffix("s"): values for key, values in infos.items() if len(values) == len(actions)}
    return Episode(fields, actions, infos)


def write_robomimic(demonstrations: Demonstrations, path: Path) -> None:
    """Write a new file of robomimic's layout; observations after the last action stand in ``next_obs``.

    Raises:
        DataError: ``path`` exists, or there are no demonstrations.
        StorageError: the disk is full or read-only; nothing is left behind.
    """
    if path.exists():
        raise DataError(f"{path} exists already; choose another name")
    if not demonstrations.steps:
        raise DataError("there are no demonstrations to write")
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        memory = io.BytesIO()  # HDF5 that cannot write to a full disk crashes; plain bytes raise an error
        _write(demonstrations, memory)
        write_bytes(path, memory.getbuffer())


def _write(demonstrations: Demonstrations, target: IO[bytes]) -> None:
    import h5py

    name = str(demonstrations.source.get("task") or "")
    with h5py.File(target, "w") as file:
        data = file.create_group("data")
        data.attrs["total"] = demonstrations.steps
        data.attrs["env_args"] = json.dumps({"env_name": name, "type": 1, "env_kwargs": {}})
        own = {key: demonstrations.source[key] for key in ABOUT if demonstrations.source.get(key)}
        data.attrs[ABOUT_KEY] = json.dumps(own)
        for number, episode in enumerate(demonstrations):
            demo = data.create_group(f"demo_{number}")
            demo.attrs["num_samples"] = len(episode)
            demo["actions"] = episode.actions
            demo["dones"] = np.arange(len(episode)) == len(episode) - 1
            if "reward" in episode.infos:
                demo["rewards"] = episode.infos["reward"]
            nested(episode.observations)  # names that HDF5 cannot hold are refused
            for key, values in episode.observations.items():
                demo[f"obs/{key}"], demo[f"next_obs/{key}"] = values[:-1], values[1:]


class RobomimicFormat:
    """robomimic's HDF5, by the ending ``.hdf5``."""

    ending = ".hdf5"

    def recognises(self, source: str) -> bool:
        """Return whether it is a file that is called so."""
        return Path(source).suffix in (self.ending, ".h5") and Path(source).is_file()

    def read(self, source: str) -> Demonstrations:
        """Read it (see ``read_robomimic``)."""
        return read_robomimic(Path(source))

    def write(self, demonstrations: Demonstrations, target: str) -> Path:
        """Write it (see ``write_robomimic``)."""
        write_robomimic(demonstrations, Path(target))
        return Path(target)
