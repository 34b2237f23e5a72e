"""LeRobot's dataset format: Parquet and JSON, versions 2 and 3 read, 3 written, without LeRobot itself.

    meta/info.json  meta/stats.json  meta/tasks.parquet  meta/episodes/chunk-000/file-000.parquet
    data/chunk-000/file-000.parquet     one row per step: observation.*, action, timestamp, episode_index, …

Version 2 has ``data/chunk-000/episode_000000.parquet`` and ``meta/tasks.jsonl``.

Images stand in the rows, as PNG or JPEG, or in videos; both stay there until they are looked at (``lerobot_images``).
The format has no observation after the last action: it is dropped when writing, and the last is repeated when reading.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simplatform.budgets import JSON_BYTES, check_arrays, memory_within, parquet_bytes, regular
from simplatform.demonstrations.episode import Array, Demonstrations, Episode
from simplatform.envs.recorded.formats.lerobot_images import (
    AXES,
    arrow_pictures,
    images_of,
    is_picture,
    picture_stats,
    spans,
)
from simplatform.envs.recorded.frames import refuse_holes, require_alike
from simplatform.errors import DataError
from simplatform.runs.files import read_json, reading, storage_errors, write_json
from simplatform.runs.folder import check_tree

VERSION = "v3.0"
OBSERVATION, ACTION = "observation.", "action"
INDICES = ("timestamp", "frame_index", "episode_index", "index", "task_index")
EXTRA = "simplatform.json"
"""Our own file in ``meta``: seeds, variants and metrics, which the format has no place for."""


def read_lerobot(path: Path) -> Demonstrations:
    """Read a dataset folder of version 2 or 3.

    Scalar features that are neither observation, action nor index become ``infos``.

    Raises:
        DataError: not such a dataset, a feature is missing or of another shape, or values are not finite.
    """
    size = check_tree(path) if path.exists() else 0
    with reading(f"{path} is damaged"), memory_within(str(path), size):
        return _read(path)


def _read(path: Path) -> Demonstrations:
    try:
        info = read_json(path / "meta" / "info.json")
        version, features = str(info["codebase_version"]), dict(info["features"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is not a LeRobot dataset: meta/info.json: {type(error).__name__}: {error}") from error
    if not version.startswith(("v2.", "v3.")):
        raise DataError(
            f"{path} has LeRobot's format {version}; expected v2 or v3. Convert it with LeRobot's own converter"
        )
    seen = {key: one for key, one in features.items() if one.get("dtype") in ("video", "image")}
    skipped = [key for key, feature in features.items() if feature.get("dtype") == "string"]
    kept = {key: feature for key, feature in features.items() if key not in (*skipped, *seen)}
    columns = _read_columns(path, kept)
    order = np.lexsort((columns["frame_index"].ravel(), columns["episode_index"].ravel()))
    columns = {key: values[order] for key, values in columns.items()}
    source = {"format": "lerobot", "fps": info.get("fps"), "skipped": skipped, "robot": info.get("robot_type")}
    source |= {"task": "; ".join(_tasks(path)), "names": _names(kept)}
    cameras = images_of(path, seen, columns, order, info.get("fps"))
    source["skipped"] = [*skipped, *(f"{key}, whose videos are not there" for key in seen if not cameras[key])]
    cameras = {key.removeprefix(OBSERVATION): values for key, values in cameras.items() if values}
    found = Demonstrations(_episodes(columns, _extra(path), cameras), source)
    refuse_holes(found, path)
    return found


def write_lerobot(demonstrations: Demonstrations, path: Path, fps: float = 0, task: str = "") -> None:
    """Write a dataset folder of version 3; ``path`` must not exist yet.

    Args:
        demonstrations: at least one episode; observations and actions have one shape each.
        path: the folder.
        fps: steps per second, from which timestamps follow; 0: the demonstrations' own, or else 10.
        task: LeRobot's description of the task; by default the demonstrations' own.

    Raises:
        DataError: ``path`` exists, there are no demonstrations, or shapes differ between episodes.
        StorageError: the disk is full or read-only; nothing is left behind.
    """
    if path.exists():
        raise DataError(f"{path} exists already; choose another name")
    if not demonstrations.steps:
        raise DataError("there are no demonstrations to write")
    require_alike(demonstrations, "demonstrations")
    fps = fps or demonstrations.source.get("fps") or 10
    columns = _columns(demonstrations, fps)
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.parent))
        try:
            _write(scratch, demonstrations, columns, fps, task or str(demonstrations.source.get("task") or "task"))
            scratch.chmod(0o755)
            scratch.rename(path)
        except BaseException:
            shutil.rmtree(scratch, ignore_errors=True)
            raise


def _names(features: Mapping[str, Any]) -> dict[str, Any]:
    """Return names of components, such as joints, by feature."""
    return {key: feature["names"] for key, feature in features.items() if feature.get("names")}


def _tasks(path: Path) -> list[str]:
    """Return what the tasks are called, where that can be read: nothing depends on it."""
    import pyarrow.parquet as pq

    try:
        if (path / "meta/tasks.jsonl").exists():
            with regular(path / "meta/tasks.jsonl", JSON_BYTES) as file:
                return [str(json.loads(line)["task"]) for line in file if line.strip()]
        with regular(path / "meta/tasks.parquet", JSON_BYTES) as file:
            table = pq.read_table(file)
        (name, *_) = [name for name in ("task", "__index_level_0__") if name in table.column_names]
        return [str(text) for text in table[name].to_pylist()]
    except (OSError, ValueError, KeyError, TypeError):
        return []


def _read_columns(path: Path, features: Mapping[str, Any]) -> dict[str, Array]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    files = sorted((path / "data").glob("chunk-*/*.parquet"))
    missing = {ACTION, "episode_index", "frame_index"} - set(features)
    if not files or missing:
        what = f"no feature {sorted(missing)[0]!r}" if missing else "no data/chunk-*/*.parquet"
        raise DataError(f"{path} is not a whole LeRobot dataset: {what}")
    try:
        declared = sum(parquet_bytes(pq.read_metadata(file)) for file in files)
        check_arrays(str(path), declared, sum(file.stat().st_size for file in files))
        table = pa.concat_tables([pq.read_table(file, columns=list(features)) for file in files])
        return {key: _array(table[key], feature, path, key) for key, feature in features.items()}
    except MemoryError:
        raise
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        raise DataError(f"{path}: damaged data: {type(error).__name__}: {error}") from error


def _array(column: Any, feature: Mapping[str, Any], path: Path, key: str) -> Array:
    """Return a column of (nested) lists as ``(n, *shape)``."""
    import pyarrow as pa

    flat = column.combine_chunks()
    while pa.types.is_nested(flat.type) or isinstance(flat.type, pa.ExtensionType):
        flat = flat.storage if isinstance(flat.type, pa.ExtensionType) else flat.flatten()
    shape = tuple(int(size) for size in feature["shape"])
    values: Array = flat.to_numpy(zero_copy_only=False)
    if values.size != len(column) * int(np.prod(shape)):
        raise DataError(f"{path}: feature {key!r} should have shape {shape}; the rows hold another number of values")
    return values.reshape(len(column), *shape).astype(feature["dtype"], copy=False)


def _episodes(
    columns: Mapping[str, Array], extra: Mapping[int, Any], cameras: Mapping[str, Sequence[Array]]
) -> list[Episode]:
    number = columns["episode_index"].ravel()
    return [
        _episode(columns, a, b, extra.get(int(number[a]), {}), {key: cameras[key][n] for key in cameras})
        for n, (a, b) in enumerate(spans(number))
    ]


def _episode(
    columns: Mapping[str, Array], start: int, end: int, extra: Mapping[str, Any], images: Mapping[str, Array]
) -> Episode:
    observations, infos = dict(images), {}
    for key, values in columns.items():
        part = values[start:end]
        if key.startswith(OBSERVATION):
            observations[key.removeprefix(OBSERVATION)] = np.concatenate([part, part[-1:]])
        elif key not in (ACTION, *INDICES) and part[0].size == 1:
            infos[key] = part.reshape(-1).astype(np.float64)
    actions = columns[ACTION][start:end]
    return Episode(
        observations, actions, infos, extra.get("seed", 0), extra.get("variant", 0), dict(extra.get("metrics", {}))
    )


def _extra(path: Path) -> dict[int, Any]:
    try:
        return dict(enumerate(read_json(path / "meta" / EXTRA)["episodes"]))
    except (OSError, ValueError, KeyError, TypeError):
        return {}


def _columns(demonstrations: Demonstrations, fps: float) -> dict[str, Array]:
    """Return all rows of the data file, ``(steps, ...)`` per column."""
    lengths = [len(episode) for episode in demonstrations]
    frame = np.concatenate([np.arange(length) for length in lengths])
    keys = [key for key, values in demonstrations[0].observations.items() if not is_picture(values)]
    names = set.intersection(*(set(episode.infos) for episode in demonstrations))
    return {
        **{f"{OBSERVATION}{key}": demonstrations.stacked(key) for key in keys},
        ACTION: demonstrations.stacked_actions(),
        **{name: np.concatenate([episode.infos[name] for episode in demonstrations]) for name in sorted(names)},
        "timestamp": (frame / fps).astype(np.float32),
        "frame_index": frame.astype(np.int64),
        "episode_index": np.repeat(np.arange(len(lengths)), lengths).astype(np.int64),
        "index": np.arange(len(frame), dtype=np.int64),
        "task_index": np.zeros(len(frame), np.int64),
    }


def _write(path: Path, demonstrations: Demonstrations, columns: Mapping[str, Array], fps: float, task: str) -> None:
    import pyarrow as pa

    names = demonstrations.source.get("names") or {}
    features = {key: _feature(values, names.get(key)) for key, values in columns.items()}
    table = {key: _arrow(values) for key, values in columns.items()}
    seen = [key for key, values in demonstrations[0].observations.items() if is_picture(values)]
    pictures = {f"{OBSERVATION}{key}": demonstrations.stacked(key) for key in seen}
    features |= {key: {"dtype": "image", "shape": list(v.shape[1:]), "names": AXES} for key, v in pictures.items()}
    table |= {key: arrow_pictures(values) for key, values in pictures.items()}
    _parquet(path / "data/chunk-000/file-000.parquet", table)
    _parquet(path / "meta/episodes/chunk-000/file-000.parquet", _episode_table(demonstrations, task))
    _parquet(path / "meta/tasks.parquet", {"task_index": pa.array([0]), "task": pa.array([task])}, index="task")
    write_json(path / "meta/info.json", _info(demonstrations, features, fps))
    stats = {key: _stats(values) for key, values in columns.items()}
    write_json(path / "meta/stats.json", {**stats, **{key: picture_stats(v) for key, v in pictures.items()}})
    rows = [{"seed": e.seed, "variant": e.variant, "metrics": dict(e.metrics)} for e in demonstrations]
    write_json(path / "meta" / EXTRA, {"source": demonstrations.source, "episodes": rows})


def _info(demonstrations: Demonstrations, features: Mapping[str, Any], fps: float) -> dict[str, Any]:
    count = len(demonstrations)
    return {
        "codebase_version": VERSION, "robot_type": demonstrations.source.get("robot"),
        "total_episodes": count, "total_frames": demonstrations.steps,
        "total_tasks": 1, "chunks_size": 1000, "data_files_size_in_mb": 100, "video_files_size_in_mb": 200, "fps": fps,
        "splits": {"train": f"0:{count}"},
        "data_path": "data/chunk-{chunk_index:03d}/file-{file_index:03d}.parquet",
        "video_path": None, "features": features,
    }  # fmt: skip


def _feature(values: Array, names: Any) -> dict[str, Any]:
    return {"dtype": str(values.dtype), "shape": list(values.shape[1:]) or [1], "names": names}


def _stats(values: Array) -> dict[str, Any]:
    x = values.astype(np.float64).reshape(len(values), *(values.shape[1:] or (1,)))
    found = {"min": x.min(0), "max": x.max(0), "mean": x.mean(0), "std": x.std(0)}
    return {**{name: value.tolist() for name, value in found.items()}, "count": [len(x)]}


def _episode_table(demonstrations: Demonstrations, task: str) -> dict[str, Any]:
    lengths = np.array([len(episode) for episode in demonstrations])
    ends, zeros = np.cumsum(lengths), np.zeros(len(lengths), np.int64)
    table = {
        "episode_index": np.arange(len(lengths)), "tasks": [[task]] * len(lengths), "length": lengths,
        "data/chunk_index": zeros, "data/file_index": zeros, "dataset_from_index": ends - lengths,
        "dataset_to_index": ends, "meta/episodes/chunk_index": zeros, "meta/episodes/file_index": zeros,
    }  # fmt: skip
    return {key: _arrow(value) if isinstance(value, np.ndarray) else value for key, value in table.items()}


def _arrow(values: Array) -> Any:
    """Return ``(n, *shape)`` as a column of (nested) lists; one-component columns are scalars, as LeRobot has them."""
    import pyarrow as pa

    if values.shape[1:] == (1,):
        values = values[:, 0]
    column: Any = pa.array(np.ascontiguousarray(values).ravel())
    for size in reversed(values.shape[1:]):
        column = pa.ListArray.from_arrays(np.arange(0, len(column) + 1, size, dtype=np.int32), column)
    return column


def _parquet(path: Path, columns: Mapping[str, Any], index: str = "") -> None:
    """Write a table; ``index`` names the column that pandas takes as the index."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(dict(columns))
    if index:
        kinds = {key: ("int64", "int64") if key != index else ("unicode", "object") for key in columns}
        about = {
            "index_columns": [index], "column_indexes": [], "pandas_version": "2.0.0",
            "columns": [{"name": key, "field_name": key, "pandas_type": kind, "numpy_type": plain, "metadata": None}
                        for key, (kind, plain) in kinds.items()],
        }  # fmt: skip
        table = table.replace_schema_metadata({"pandas": json.dumps(about)})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)


class LeRobotFormat:
    """LeRobot, a folder with ``meta/info.json``."""

    ending = ".lerobot"

    def recognises(self, source: str) -> bool:
        """Return whether the folder has LeRobot's card."""
        return (Path(source) / "meta" / "info.json").exists()

    def read(self, source: str) -> Demonstrations:
        """Read it (see ``read_lerobot``)."""
        return read_lerobot(Path(source))

    def write(self, demonstrations: Demonstrations, target: str) -> Path:
        """Write it (see ``write_lerobot``)."""
        write_lerobot(demonstrations, Path(target))
        return Path(target)
