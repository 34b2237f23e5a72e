"""Minari datasets: any of them can be demonstrations, and demonstrations can be put among Minari's local datasets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simplatform.budgets import memory_within
from simplatform.demonstrations import store
from simplatform.demonstrations.episode import Array, Demonstrations, Episode
from simplatform.demonstrations.hdf5 import hdf5
from simplatform.demonstrations.losses import ABOUT
from simplatform.demonstrations.stored import stored
from simplatform.errors import DataError
from simplatform.runs.files import read_json, reading, write_json
from simplatform.runs.folder import Folder, check_tree

if TYPE_CHECKING:
    import gymnasium


def read_minari(source: str | Path) -> Demonstrations:
    """Read a dataset by its Minari id, if it is on this machine, or from its folder.

    Dictionaries of observations become named observations, nested ones ``outer/inner``; a single array is called
    ``observation``. Images and clouds stay in the file until they are looked at. Infos that are numbers at every step
    are kept, whether or not there is one for the reset. Episodes whose lengths do not fit are left out and named in
    ``source["skipped"]``.

    Raises:
        DataError: no such dataset here, a damaged one, or observations or actions that are not arrays.
    """
    dataset = _open(source)
    with reading(f"{source} is damaged"), memory_within(str(source), _bytes(dataset)):
        episodes: list[Episode] = []
        skipped: list[str] = []
        later = _Later(dataset, source)
        for data in dataset.iterate_episodes():
            try:
                episodes.append(later.without(_episode(data, _seed(dataset, data.id)), data.id))
            except DataError as error:
                skipped.append(f"episode {data.id} ({error})")
        if skipped and not episodes:
            raise DataError(f"{source} has no whole episode: {skipped[0]}")
        about = {"format": "minari", "dataset": dataset.spec.dataset_id, **_about(dataset)}
        return Demonstrations(episodes, about | ({"skipped": skipped} if skipped else {}))


class _Later:
    """Reads an episode's images and clouds again when they are asked for; those of one episode are kept."""

    def __init__(self, dataset: Any, source: str | Path) -> None:
        self.dataset, self.source = dataset, source
        self._kept: tuple[Any, Mapping[str, Array]] = (None, {})

    def without(self, episode: Episode, number: Any) -> Episode:
        """Return an episode without what is to be read later in memory."""
        seen = {
            key: stored(values.shape, values.dtype, partial(self._rows, number, key)) if values.ndim >= 3 else values
            for key, values in episode.observations.items()
        }
        return replace(episode, observations=seen)

    def _rows(self, number: Any, key: str, start: int, stop: int) -> Array:
        return self._read(number)[key][start:stop]

    def _read(self, number: Any) -> Mapping[str, Array]:
        if self._kept[0] != number:
            with reading(f"{self.source} is damaged"):
                (data,) = self.dataset.iterate_episodes([number])
                self._kept = number, _observations(data.observations)
        return self._kept[1]


def _about(dataset: Any) -> dict[str, Any]:
    """Return what this package wrote beside the dataset of what it has no place for, such as the rate."""
    try:
        given = dict(Folder(Path(dataset.storage.data_path).parent, DataError).json(store.CARD)["source"])
    except (OSError, ValueError, KeyError, TypeError, DataError):
        return {}
    return {key: given[key] for key in ABOUT if given.get(key)}


def write_minari(demonstrations: Demonstrations, dataset_id: str, env: gymnasium.Env[Any, Any] | None = None) -> Path:
    """Put demonstrations among Minari's local datasets, so that ``minari.load_dataset(dataset_id)`` opens them.

    ``dataset_id`` is of the form ``namespace/name-v0``; ``env`` gives the spaces and the spec; without it, spaces are
    unbounded boxes of the data's shapes. Returns the folder.

    Raises:
        DataError: an id that Minari refuses, or one that exists already; no episode.
        StorageError: the disk is full or read-only; nothing is left behind.
    """
    from minari.dataset.minari_dataset import parse_dataset_id
    from minari.dataset.minari_storage import METADATA_FILE_NAME
    from minari.storage import get_dataset_path

    try:
        parse_dataset_id(dataset_id)
    except ValueError as error:
        raise DataError(f"expected a dataset id like namespace/name-v0, got {dataset_id!r}: {error}") from error
    path = Path(get_dataset_path(dataset_id))
    if path.exists():
        raise DataError(f"the dataset {dataset_id} exists already in {path}; choose another name or version")
    store.save(demonstrations, path, _Spaces(demonstrations) if env is None else env)
    metadata = path / "data" / METADATA_FILE_NAME
    write_json(metadata, read_json(metadata) | {"dataset_id": dataset_id})
    return path


class _Spaces:
    """Stands for the environment of demonstrations that come without one."""

    spec = None

    def __init__(self, demonstrations: Demonstrations) -> None:
        from gymnasium.spaces import Dict

        if not len(demonstrations):
            raise DataError("there are no demonstrations to write")
        first = demonstrations[0]
        self.observation_space = Dict({key: _box(values) for key, values in first.observations.items()})
        self.action_space = _box(first.actions)


def _box(values: Array) -> Any:
    from gymnasium.spaces import Box

    kind: Any = values.dtype.type
    low, high = (-np.inf, np.inf) if values.dtype.kind == "f" else (np.iinfo(kind).min, np.iinfo(kind).max)
    return Box(low, high, shape=values.shape[1:], dtype=kind)


def _open(source: str | Path) -> Any:
    import minari

    folder = Path(source)
    with reading(f"no Minari dataset {source} here", hint=f". `minari download {source}` fetches a public one."):
        if folder.is_dir():
            check_tree(folder)
            for file in sorted(folder.rglob("*.hdf5")):
                with hdf5(Folder(file.parent, DataError), file.name):
                    pass
            return minari.MinariDataset(folder / "data" if (folder / "data").is_dir() else folder)
        return minari.load_dataset(str(source))


def _bytes(dataset: Any) -> int:
    return sum(file.stat().st_size for file in Path(dataset.storage.data_path).rglob("*") if file.is_file())


def _seed(dataset: Any, episode: int) -> int:
    (metadata,) = dataset.storage.get_episode_metadata([episode])
    seed = metadata.get("seed")
    return int(seed) if isinstance(seed, int | np.integer) else 0


def _episode(data: Any, seed: int) -> Episode:
    if not isinstance(data.actions, np.ndarray):
        raise DataError(f"expected actions that are one array, got {type(data.actions).__name__}")
    steps = len(data.actions)
    infos = {name: values[-steps:] for name, values in _named(data.infos or {}, "").items()
             if steps and len(values) in (steps, steps + 1)}  # fmt: skip
    numbers = {name: values for name, values in infos.items() if values.ndim == 1 and values.dtype.kind in "fiub"}
    return Episode(_observations(data.observations), data.actions, numbers, seed=seed)


def _observations(observations: Any) -> dict[str, Array]:
    if isinstance(observations, np.ndarray):
        return {"observation": observations}
    if not isinstance(observations, Mapping):
        raise DataError(f"expected observations that are arrays or named arrays, got {type(observations).__name__}")
    return _named(observations, "")


def _named(values: Mapping[str, Any], prefix: str) -> dict[str, Array]:
    """Return nested dictionaries of arrays as one, with names joined by slashes; what is no array is left out."""
    named: dict[str, Array] = {}
    for key, value in values.items():
        if isinstance(value, Mapping):
            named.update(_named(value, f"{prefix}{key}/"))
        elif isinstance(value, np.ndarray):
            named[f"{prefix}{key}"] = value
    return named


class MinariFormat:
    """Minari, by the id of a dataset of this machine, or its folder: whatever no other format recognises."""

    ending = ""

    def recognises(self, source: str) -> bool:
        """Return True: an id may be any name."""
        return True

    def read(self, source: str) -> Demonstrations:
        """Read it (see ``read_minari``)."""
        return read_minari(source)

    def write(self, demonstrations: Demonstrations, target: str) -> Path:
        """Write it (see ``write_minari``)."""
        return write_minari(demonstrations, target)
