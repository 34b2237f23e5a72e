"""The zarr layout of Diffusion Policy and DP3: the files that users of these, FlowPolicy and MP1 have.

A group ``data`` with flat arrays over all steps (``state`` (n, S), ``action`` (n, A), ``point_cloud`` (n, N, 3 or 6),
maybe ``full_state``, others), a group ``meta`` with ``episode_ends``, the cumulative lengths. Zarr format 2, compressed
by zstd. Diffusion Policy's files have no cloud, and may call the state as they like; images are ``img (n, H, W, 3)``,
bytes or floating-point numbers up to 255. Clouds, images and depths stay in the file until they are looked at. What the
layout has no place for, such as the rate, is an attribute of ours on ``meta``.
"""

from __future__ import annotations

import shutil
import tempfile
import time
import warnings
from collections.abc import Mapping
from math import prod
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from simplatform.budgets import check_arrays, memory_within
from simplatform.demonstrations.episode import Array, Demonstrations, Episode
from simplatform.demonstrations.losses import ABOUT
from simplatform.demonstrations.stored import Stored, pieces, stored
from simplatform.envs.recorded.frames import refuse_holes
from simplatform.envs.recorded.roles import mapped
from simplatform.errors import DataError, MissingDependency
from simplatform.runs.files import reading, storage_errors
from simplatform.runs.folder import check_tree

FIELDS = {"state": "agent_pos", "point_cloud": "point_cloud", "full_state": "state"}
"""DP3's name → the name of the observation here."""

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
        with warnings.catch_warnings(action="ignore"):  # a stray file in a group is no news to its reader
            arrays, ends, about = _read_arrays(path)
        _check_ends(ends, len(arrays["action"]), path)
        starts = np.concatenate([[0], ends[:-1]])
        episodes = [_episode(arrays, int(a), int(b)) for a, b in zip(starts, ends, strict=True)]
    source = {"format": "dp3-zarr", "file": path.name, "expert_episodes": len(episodes), **about}
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
    arrays = _flat(mapped(demonstrations, (), [], cameras=False) if demonstrations.steps else demonstrations)
    ends = np.cumsum([len(episode) for episode in demonstrations]).astype(np.int64)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        try:
            _write_groups(library, scratch, arrays, ends, demonstrations.source)
            scratch.chmod(0o755)
            scratch.rename(path)
        except BaseException:
            _remove(scratch)
            raise


def _remove(folder: Path) -> None:
    """Remove a folder into which zarr's own threads may still write: it does not wait for them after an error."""
    for _ in range(40):
        shutil.rmtree(folder, ignore_errors=True)
        time.sleep(0.05)
        if not folder.exists():
            return


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


def _write_groups(
    library: ModuleType, path: Path, arrays: dict[str, Array], ends: Array, source: Mapping[str, Any]
) -> None:
    from numcodecs import Zstd

    root = library.open_group(str(path), mode="w", zarr_format=2)
    data, meta = root.create_group("data"), root.create_group("meta")
    for name, values in arrays.items():
        chunks = (min(_STEPS_PER_CHUNK, len(values)), *values.shape[1:])
        data.create_array(name, data=np.ascontiguousarray(values), chunks=chunks, compressors=Zstd(level=3))
    meta.create_array("episode_ends", data=ends, chunks=(len(ends),), compressors=Zstd(level=3))
    meta.attrs.update({key: source[key] for key in ABOUT if source.get(key)})


def _read_arrays(path: Path) -> tuple[dict[str, Any], Array, dict[str, Any]]:
    """Return arrays by name, those of clouds and images unread, the ends of episodes, and what else is said."""
    library = _zarr()
    if not path.exists():
        raise DataError(f"{path} does not exist")
    try:
        store = library.storage.ZipStore(path, mode="r") if path.suffix == ".zip" else str(path)
        root = library.open_group(store, mode="r")
        fields = {name: root["data"][name] for name in root["data"].array_keys()}
        ends, given = root["meta"]["episode_ends"], dict(root["meta"].attrs)
    except Exception as error:
        raise DataError(
            f"{path} is not of DP3's zarr layout (groups data and meta, with meta/episode_ends): {error}"
        ) from error
    if "action" not in fields or len(fields) < 2:
        what = "data/action missing" if "action" not in fields else "data holds no observation"
        raise DataError(f"{path}: {what}; there are {', '.join(sorted(fields)) or 'no arrays'}")
    sizes = [_size(values, name) for name, values in (*fields.items(), ("", ends))]
    check_arrays(str(path), sum(sizes), check_tree(path))
    arrays = {name: _kept(name, values, path) for name, values in fields.items()}
    _check_shapes(arrays, path)
    about = {key: given[key] for key in ABOUT if given.get(key)}
    return arrays, _plain(ends, "meta/episode_ends", path), about


def _kept(name: str, values: Any, path: Path) -> Any:
    """Return numbers, those of clouds and images unread; colours that are all zero are left out."""
    if not _is_later(name, values):
        return _plain(values, f"data/{name}", path)
    _require_numbers(values, f"data/{name}", path)

    def read(start: int, stop: int) -> Array:
        return _plain(values, f"data/{name}", path, slice(start, stop))

    whole = Stored(values.shape, values.dtype, read)
    coloured = name != "point_cloud" or values.shape[-1] != 6 or any(piece[..., 3:].any() for piece in pieces(whole))
    return whole if coloured else Stored((*values.shape[:-1], 3), values.dtype, lambda a, b: read(a, b)[..., :3])


def _is_later(name: str, values: Any) -> bool:
    return name == "point_cloud" or values.ndim >= 3


def _require_numbers(array: Any, name: str, path: Path) -> None:
    """Refuse what is no number; an array of objects could run code when decoded."""
    if np.dtype(array.dtype).kind not in "fiub":
        raise DataError(f"{path}: {name} holds {array.dtype}, expected numbers")


def _plain(array: Any, name: str, path: Path, where: Any = ...) -> Array:
    """Read numbers."""
    _require_numbers(array, name, path)
    try:
        values = np.asarray(array[where])
    except MemoryError:
        raise
    except Exception as error:
        raise DataError(f"{path}: {name} is damaged: {error}") from error
    return values


def _size(array: Any, name: str) -> int:
    """Return the bytes that an array declares, or one of its compressed pieces where that is more, or read later."""
    whole = 0 if _is_later(name, array) else prod(array.shape)
    size: int = max(whole, prod(array.chunks)) * np.dtype(array.dtype).itemsize
    return size


def _check_shapes(arrays: dict[str, Any], path: Path) -> None:
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


def _episode(arrays: dict[str, Any], start: int, end: int) -> Episode:
    observations = {}
    names = {} if "agent_pos" in arrays else FIELDS
    for theirs in sorted(set(arrays) - {"action"}):
        values = arrays[theirs]
        if isinstance(values, Stored):
            observations[names.get(theirs, theirs)] = _part(values, start, end)
        elif values.ndim > 1 or theirs in FIELDS:
            part = values[start:end]
            observations[names.get(theirs, theirs)] = np.concatenate([part, part[-1:]]).astype(np.float32)
    return Episode(observations, arrays["action"][start:end].astype(np.float32))


def _part(values: Stored, start: int, end: int) -> Array:
    """Return an episode's rows, in single precision but for whole numbers, as images have."""
    kind: Any = values.dtype if values.dtype.kind in "ub" else np.float32
    shape = (end - start, *values.shape[1:])
    return stored(shape, kind, lambda a, b: values[start + a : start + b].astype(kind, copy=False), repeat=True)


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
