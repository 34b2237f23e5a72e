"""robomimic's HDF5: ``data/demo_0/{actions, obs/*, …}``, an attribute ``env_args`` with the environment's name.

Also the layout of MimicGen, and of robosuite's files once robomimic has extracted observations. Images are left out and
named in ``source["skipped"]``.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np

from simplatform.demonstrations import Demonstrations, Episode
from simplatform.demonstrations.hdf5 import hdf5
from simplatform.envs.recorded.frames import Array, refuse_holes
from simplatform.errors import DataError
from simplatform.runs.files import reading
from simplatform.runs.folder import Folder

NAME = re.compile(r"demo_\d+")


def read_robomimic(path: Path) -> Demonstrations:
    """Read a file of robomimic's layout. It has no observation after the last action: the last one is repeated.

    Raises:
        DataError: not such a file, no observations in it, lengths that differ, or values that are not finite.
    """
    with reading(f"{path} is damaged"), hdf5(Folder(path.parent, DataError), path.name) as file:
        demos = _demos(file, path)
        skipped = sorted({f"obs/{key}" for demo in demos for key, values in demo["obs"].items() if values.ndim >= 4})
        source = {"format": "robomimic", "task": _task(file["data"].attrs), "skipped": skipped}
        found = Demonstrations([_episode(demo, path) for demo in demos], source)
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


def _task(attributes: Any) -> str:
    try:
        return str(json.loads(attributes["env_args"])["env_name"])
    except (KeyError, TypeError, ValueError):
        return ""


def _episode(demo: Any, path: Path) -> Episode:
    actions = np.asarray(demo["actions"])
    fields: dict[str, Array] = {}
    for key, values in demo["obs"].items():
        if not hasattr(values, "ndim") or values.ndim >= 4 or values.dtype.kind not in "fiub":
            continue
        if len(values) != len(actions):
            raise DataError(f"{path}: {values.name} has {len(values)} steps, {demo.name}/actions has {len(actions)}")
        read = np.asarray(values)
        fields[key] = np.concatenate([read, read[-1:]])
    infos = {key: np.asarray(demo[key], float) for key in ("rewards", "dones") if key in demo and demo[key].ndim == 1}
    infos = {key.removesuffix("s"): values for key, values in infos.items() if len(values) == len(actions)}
    return Episode(fields, actions, infos)


class RobomimicFormat:
    """robomimic's HDF5, by the ending ``.hdf5``; it is read, not written."""

    ending = ".hdf5"

    def recognises(self, source: str) -> bool:
        """Return whether it is a file that is called so."""
        return Path(source).suffix in (self.ending, ".h5") and Path(source).is_file()

    def read(self, source: str) -> Demonstrations:
        """Read it (see ``read_robomimic``)."""
        return read_robomimic(Path(source))

    def write(self, demonstrations: Demonstrations, target: str) -> Path:
        """Refuse: the file would need what only its environment knows.

        Raises:
            DataError: always.
        """
        raise DataError("robomimic's HDF5 is read, not written: its env_args belong to an environment of robosuite")
