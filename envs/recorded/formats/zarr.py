"""The zarr layout of Diffusion Policy and DP3: the files that users of these, FlowPolicy and MP1 have.

A group ``data`` with flat arrays over all steps (``state`` (n, S), ``action`` (n, A), ``point_cloud`` (n, N, 3 or 6),
maybe ``full_state``, others), a group ``meta`` with ``episode_ends``, the cumulative lengths. Zarr format 2, compressed
by zstd. Diffusion Policy's files have no cloud, and may call the state as they like. Images and depths are left out and
named in ``source["skipped"]``.
"""

from __future__ import annotations

import shutil
import tempfile
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from simplatform.budgets import check_arrays, memory_within
from simplatform.demonstrations.episode import Array, Demonstrations, Episode
from simplatform.envs.recorded.frames import refuse_holes
from simplatform.envs.recorded.roles import mapped
from simplatform.errors import DataError, MissingDependency
from simplatform.runs.files import reading, storage_errors
from simplatform.runs.folder import check_tree

FIELDS = {"state": "agent_pos", "point_cloud": "point_cloud", "full_state": "state"}
"""DP3's name → the name of the observation here."""

IMAGES = ("img", "image", "depth", "rgb")
_DIMENSIONS = {"state": 2, "point_cloud": 3, "action": 2, "full_state": 2}
_STEPS_PER_CHUNK = 100


def read_zarr(path: Path) -> Demonstrations:
    """Read a dataset of DP3's layout, a folder or a ``.zip`` of one.

    The layout has no observation after the last action; the last one is repeated there. Colours are kept, unless all
    of them are zero: that is how files without colour are filled up. Points may be not finite.

    Raises:
        DataError: not such a dataset, a required field is missing, shapes or lengths do not fit, ``episode_ends`` does
            not increase up to the number of steps, values are not finite, or reading would run code.
        MissingDependency: zarr is not there.
    """
    size = check_tree(path) if path.exists() else 0
    with reading(f"{path} is damaged"), memory_within(str(path), size):
        arrays, ends, skipped = _read_arrays(path)
        _check_ends(ends, len(arrays["action"]), path)
        starts = np.concatenate([[0], ends[:-1]])
        episodes = [_episode(arrays, int(a), int(b)) for a, b in zip(starts, ends, strict=True)]
    source = {"format": "dp3-zarr", "file": path.name, "expert_episodes": len(episodes), "skipped": skipped}
    found = Demonstrations(episodes, source)
    refuse_holes(found, path)
    return found


def write_zarr(demonstrations: Demonstrations, path: Path) -> None:
    """Write demonstrations in DP3's layout to the folder ``path``, which must not exist yet.

    Points without colour get three columns of zeros, for DP3's own files have six. The observation after the last
    action of each episode is left out, as the layout has no place for it.

    Raises:
        DataError: ``path`` exists, or the demonstrations have no ``agent_pos`` or no ``point_cloud``.
        StorageError: the disk is full or read-only; nothing is left behind.
        MissingDependency: zarr is not there.
    """
    library = _zarr()
    if path.exists():
        raise DataError(f"{path} exists already; choose another name")
    arrays = _flat(mapped(demonstrations, (), []) if demonstrations.steps else demonstrations)
    ends = np.cumsum([len(episode) for episode in demonstrations]).astype(np.int64)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        try:
            _write_groups(library, scratch, arrays, ends)
            scratch.chmod(0o755)
            scratch.rename(path)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise


def _flat(demonstrations: Demonstrations) -> dict[str, Array]:
    known = demonstrations[0].observations if len(demonstrations) else {}
    missing = [name for name in ("agent_pos", "point_cloud") if name not in known]
    if missing:
        raise DataError(
            f"DP3's layout needs the observations agent_pos and point_cloud; {' and '.join(missing)} missing"
        )
    arrays = {theirs: demonstrations.stacked(ours) for theirs, ours in FIELDS.items() if ours in known}
    cloud = arrays["point_cloud"]
    if cloud.shape[-1] == 3:
        arrays["point_cloud"] = np.concatenate([cloud, np.zeros_like(cloud)], axis=-1)
    return {name: values.astype(np.float32) for name, values in arrays.items()} | {
        "action": demonstrations.stacked_actions().astype(np.float32)
    }


def _write_groups(library: ModuleType, path: Path, arrays: dict[str, Array], ends: Array) -> None:
    from numcodecs import Zstd

    root = library.open_group(str(path), mode="w", zarr_format=2)
    data, meta = root.create_group("data"), root.create_group("meta")
    for name, values in arrays.items():
        chunks = (min(_STEPS_PER_CHUNK, len(values)), *values.shape[1:])
        data.create_array(name, data=np.ascontiguousarray(values), chunks=chunks, compressors=Zstd(level=3))
    meta.create_array("episode_ends", data=ends, chunks=(len(ends),), compressors=Zstd(level=3))


def _read_arrays(path: Path) -> tuple[dict[str, Array], Array, list[str]]:
    library = _zarr()
    if not path.exists():
        raise DataError(f"{path} does not exist")
    try:
        store = library.storage.ZipStore(path, mode="r") if path.suffix == ".zip" else str(path)
        root = library.open_group(store, mode="r")
        fields = {name: root["data"][name] for name in root["data"].array_keys()}
        ends = root["meta"]["episode_ends"]
    except Exception as error:
        raise DataError(
            f"{path} is not of DP3's zarr layout (groups data and meta, with meta/episode_ends): {error}"
        ) from error
    skipped = sorted(name for name, values in fields.items() if _is_image(name, values.ndim))
    fields = {name: values for name, values in fields.items() if name not in skipped}
    if "action" not in fields or len(fields) < 2:
        what = "data/action missing" if "action" not in fields else "data holds no observation but images"
        raise DataError(f"{path}: {what}; there are {', '.join(sorted([*fields, *skipped])) or 'no arrays'}")
    check_arrays(str(path), sum(_size(values) for values in (*fields.values(), ends)), check_tree(path))
    arrays = {name: _plain(values, f"data/{name}", path) for name, values in fields.items()}
    _check_shapes(arrays, path)
    if "point_cloud" in arrays and not np.any(arrays["point_cloud"][..., 3:]):
        arrays["point_cloud"] = arrays["point_cloud"][..., :3]
    return arrays, _plain(ends, "meta/episode_ends", path), [f"data/{name}" for name in skipped]


def _is_image(name: str, dimensions: int) -> bool:
    return name not in FIELDS and (dimensions >= 4 or any(word in name for word in IMAGES))


def _plain(array: Any, name: str, path: Path) -> Array:
    """Read numbers; an array of objects could run code when decoded."""
    if np.dtype(array.dtype).kind not in "fiub":
        raise DataError(f"{path}: {name} holds {array.dtype}, expected numbers")
    try:
        values = np.asarray(array[...])
    except MemoryError:
        raise
    except Exception as error:
        raise DataError(f"{path}: {name} is damaged: {error}") from error
    return values


def _size(array: Any) -> int:
    """Return the bytes that an array declares, or one of its compressed pieces where that is more."""
    size: int = max(prod(array.shape), prod(array.chunks)) * np.dtype(array.dtype).itemsize
    return size


def _check_shapes(arrays: dict[str, Array], path: Path) -> None:
    for name, values in arrays.items():
        if values.ndim != _DIMENSIONS.get(name, values.ndim) or not values.ndim:
            raise DataError(
                f"{path}: data/{name} has shape {values.shape}, expected {_DIMENSIONS.get(name, 1)} dimensions"
            )
        if len(values) != len(arrays["action"]):
            steps = len(arrays["action"])
            raise DataError(f"{path}: data/{name} has {len(values)} steps, data/action has {steps}; they must agree")
    if "point_cloud" in arrays and arrays["point_cloud"].shape[-1] not in (3, 6):
        shape = arrays["point_cloud"].shape
        raise DataError(f"{path}: data/point_cloud has shape {shape}, expected (n, points, 3) or, with colours, 6")


def _check_ends(ends: Array, steps: int, path: Path) -> None:
    if ends.ndim != 1 or not len(ends) or ends.dtype.kind not in "iu":
        raise DataError(f"{path}: meta/episode_ends must be whole numbers (episodes,), got {ends.dtype} {ends.shape}")
    if ends[0] <= 0 or (np.diff(ends.astype(np.int64)) <= 0).any():
        raise DataError(f"{path}: meta/episode_ends must increase from episode to episode, got {ends[:6].tolist()}…")
    if ends[-1] != steps:
        raise DataError(
            f"{path}: meta/episode_ends ends at {ends[-1]}, but there are {steps} steps; the file is cut off?"
        )


def _episode(arrays: dict[str, Array], start: int, end: int) -> Episode:
    observations = {}
    names = {} if "agent_pos" in arrays else FIELDS
    for theirs in sorted(set(arrays) - {"action"}):
        if arrays[theirs].ndim > 1 or theirs in FIELDS:
            values = arrays[theirs][start:end]
            observations[names.get(theirs, theirs)] = np.concatenate([values, values[-1:]]).astype(np.float32)
    return Episode(observations, arrays["action"][start:end].astype(np.float32))


def _zarr() -> ModuleType:
    try:
        import zarr
        import zarr.storage
    except ModuleNotFoundError as error:
        raise MissingDependency("DP3's datasets need zarr: pip install 'simplatform[pointcloud]'") from error
    module: ModuleType = zarr
    return module


class ZarrFormat:
    """DP3's layout, by the ending ``.zarr``, or ``.zip`` of such a folder."""

    ending = ".zarr"

    def recognises(self, source: str) -> bool:
        """Return whether it is a zarr group, or is called like one."""
        path = Path(source)
        return path.suffix in (self.ending, ".zip") or (path / ".zgroup").exists()

    def read(self, source: str) -> Demonstrations:
        """Read it (see ``read_zarr``)."""
        return read_zarr(Path(source))

    def write(self, demonstrations: Demonstrations, target: str) -> Path:
        """Write it (see ``write_zarr``)."""
        write_zarr(demonstrations, Path(target))
        return Path(target)
