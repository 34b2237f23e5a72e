"""PDEBench's HDF5 files (Takamoto et al., 2022, arXiv:2210.07182): three layouts under one name.

One array for all trajectories (``tensor``, or an array for each field: ``density``, ``pressure``, ``Vx`` …), of shape
(N, T, *points), with ``x-coordinate`` … and ``t-coordinate`` (which may have one entry more than there are frames); or
a group for each trajectory, with ``data (T, *points, C)`` and ``grid/x`` …, ``grid/t``.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simplatform.envs.fields.files.recording import FieldRecording, Fields, even_step
from simplatform.errors import DataError

NAMES = ("tensor", "density", "pressure", "Vx", "Vy", "Vz")
AXES = "xyz"
BOUNDED = ("diff-sorp", "diff-react", "rdb", "swe", "reacdiff_2d")
"""Parts of names of files whose box has walls; the others are periodic."""


def read_pdebench(path: Path) -> FieldRecording:
    """Open a file of PDEBench.

    Raises:
        DataError: none of its layouts.
    """
    import h5py

    with h5py.File(path, "r") as file:
        arrays = [name for name in NAMES if name in file and isinstance(file[name], h5py.Dataset)]
        groups = sorted(key for key, item in file.items() if isinstance(item, h5py.Group) and "data" in item)
        if arrays:
            return _arrays(path, file, arrays)
        if groups:
            return _groups(path, file, groups)
        held = ", ".join(list(file)[:8])
    raise DataError(
        f"{path}: none of PDEBench's layouts (one of {', '.join(NAMES)}, or groups with data); it has {held}"
    )


def _arrays(path: Path, file: Any, names: Sequence[str]) -> FieldRecording:
    shape = file[names[0]].shape
    if any(file[name].shape != shape for name in names) or not 3 <= len(shape) <= 5:
        shapes = ", ".join(f"{name} {file[name].shape}" for name in names)
        raise DataError(f"{path}: fields must share one shape (N, T, *points); got {shapes}")
    count, frames, *points = shape
    places = [file[f"{axis}-coordinate"][()] for axis in AXES[: len(points)] if f"{axis}-coordinate" in file]
    times = file["t-coordinate"][:frames] if "t-coordinate" in file else np.arange(frames)

    def read(number: int) -> Fields:
        import h5py

        with h5py.File(path, "r") as again:
            return np.stack([np.asarray(again[name][number], np.float32) for name in names], 1)

    return _recording(path, count, frames, points, ["u"] if names == ["tensor"] else names, times, places, read)


def _groups(path: Path, file: Any, groups: Sequence[str]) -> FieldRecording:
    first = file[groups[0]]
    frames, *points, channels = first["data"].shape
    grid = first.get("grid", {})
    places = [grid[axis][()] for axis in AXES[: len(points)] if axis in grid]
    times = grid["t"][:frames] if "t" in grid else np.arange(frames)
    if any(file[group]["data"].shape != first["data"].shape for group in groups):
        raise DataError(f"{path}: trajectories differ in shape")

    def read(number: int) -> Fields:
        import h5py

        with h5py.File(path, "r") as again:
            return np.moveaxis(np.asarray(again[groups[number]]["data"][()], np.float32), -1, 1)

    labels = [f"field {k}" for k in range(channels)]
    return _recording(path, len(groups), frames, points, labels, times, places, read)


def _recording(
    path: Path,
    count: int,
    frames: int,
    points: Sequence[int],
    channels: Sequence[str],
    times: Any,
    places: Any,
    read: Any,
) -> FieldRecording:
    lengths = None
    if len(places) == len(points):
        lengths = tuple(even_step(x, f"{path}: coordinates") * n for x, n in zip(places, points, strict=True))
    wraps = not any(part in path.name.lower() for part in BOUNDED)
    step = even_step(times, f"{path}: t-coordinate")
    return FieldRecording(
        count, frames, tuple(points), tuple(channels), step, lengths, (wraps,) * len(points), np.zeros((count, 0)), (),
        read, "PDEBench",
    )  # fmt: skip
