"""The Well's HDF5 files (Ohana et al., 2024, arXiv:2412.00568), of its published specification.

Fields stand in ``t0_fields`` (scalars), ``t1_fields`` (vectors) and ``t2_fields`` (tensors), each ``(n_traj, n_steps,
*points, …)`` unless its attributes ``sample_varying`` and ``time_varying`` say otherwise; constants of a trajectory in
``scalars``; walls in ``boundary_conditions``.
"""

from __future__ import annotations

from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from simplatform.envs.fields.files.recording import FieldRecording, Fields, Numbers, even_step
from simplatform.errors import DataError

GROUPS = {"t0_fields": 0, "t1_fields": 1, "t2_fields": 2}


def read_the_well(path: Path) -> FieldRecording:
    """Open a file of The Well; fields that change in time are channels, what does not change is left out.

    Raises:
        DataError: no field that changes in time, or a grid that is not Cartesian.
    """
    import h5py

    with h5py.File(path, "r") as file:
        dim, count = int(file.attrs["n_spatial_dims"]), int(file.attrs["n_trajectories"])
        kind = _text(file.attrs.get("grid_type", "cartesian"))
        if kind != "cartesian":
            raise DataError(f"{path}: its grid is {kind}; only Cartesian grids are read")
        found = [
            (f"{group}/{name}", rank)
            for group, rank in GROUPS.items()
            for name in file.get(group, {})
            if isinstance(file[group][name], h5py.Dataset) and _moves(file[group][name])
        ]
        if not found:
            raise DataError(f"{path}: no field that changes in time")
        first = file[found[0][0]]
        shape = first.shape[int(_flag(first, "sample_varying")) :]
        frames, points = shape[0], shape[1 : 1 + dim]
        axes = [_text(name) for name in file["dimensions"].attrs["spatial_dims"]]
        steps = [even_step(_one(file["dimensions"][axis]), f"{path}: {axis}") for axis in axes]
        dt = even_step(_one(file["dimensions"]["time"])[:frames], f"{path}: time")
        names, values = _scalars(file, count)
        periodic = tuple(_periodic(file, axis) for axis in axes)
    channels = [
        name.split("/", 1)[1] + "".join(f"_{axes[i]}" for i in index)
        for name, rank in found
        for index in product(range(dim), repeat=rank)
    ]

    def read(number: int) -> Fields:
        with h5py.File(path, "r") as again:
            return np.concatenate([_channels(again[name], number, dim) for name, _ in found], 1)

    lengths = tuple(step * n for step, n in zip(steps, points, strict=True))
    return FieldRecording(
        count, frames, tuple(points), tuple(channels), dt, lengths, periodic, values, names, read, "The Well"
    )


def _moves(field: Any) -> bool:
    """Return whether a field changes in time, and along every direction."""
    return _flag(field, "time_varying") and all(field.attrs.get("dim_varying", [True]))


def _channels(field: Any, number: int, dim: int) -> Fields:
    """Return one trajectory of a field, ``(T, components, *points)``."""
    values = np.asarray(field[number] if _flag(field, "sample_varying") else field[()], np.float32)
    return np.moveaxis(values.reshape(*values.shape[: 1 + dim], -1), -1, 1)


def _scalars(file: Any, count: int) -> tuple[tuple[str, ...], Numbers]:
    """Return the constants that differ between trajectories, ``(count, P)``."""
    names, columns = [], []
    for name in sorted(file.get("scalars", {})):
        item = file["scalars"][name]
        if _flag(item, "sample_varying") and not _flag(item, "time_varying") and item.shape == (count,):
            names.append(name)
            columns.append(np.asarray(item[()], float))
    return tuple(names), np.stack(columns, 1) if columns else np.zeros((count, 0))


def _periodic(file: Any, axis: str) -> bool:
    """Return whether a boundary condition of this direction is of the kind "PERIODIC"."""
    walls = file.get("boundary_conditions", {})
    return any(
        _text(wall.attrs.get("bc_type", "")).upper() == "PERIODIC"
        and axis in [_text(name) for name in wall.attrs.get("associated_dims", [])]
        for wall in walls.values()
    )


def _one(item: Any) -> Numbers:
    """Return coordinates that all trajectories share, or those of the first."""
    values = np.asarray(item[()], float)
    return values[0] if values.ndim > 1 else values


def _flag(item: Any, name: str) -> bool:
    return bool(item.attrs.get(name, False))


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
