"""Plain npz: ``fields (N, T, C, *points)``, and what may be said beside it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from simplatform.budgets import regular
from simplatform.envs.fields.files.recording import FieldRecording, Fields, even_step
from simplatform.errors import DataError
from simplatform.runs.arrays import read_npz as arrays_of

KEYS = "fields (N, T, C, *points); t (T,); lengths (d,); periodic (d,); channels (C,); parameters (N, P); names (P,)"


def read_npz(path: Path) -> FieldRecording:
    """Open an npz. All but ``fields`` may be missing: frames are then 1 apart, directions periodic.

    Raises:
        DataError: ``fields`` is missing or of another rank, or what stands beside it does not fit it.
    """
    with regular(path) as file:
        held = arrays_of(file, path)
    if "fields" not in held or not 4 <= held["fields"].ndim <= 6 or held["fields"].dtype.kind not in "fiu":
        raise DataError(f"{path}: expected {KEYS}; got {', '.join(f'{k} {v.shape}' for k, v in held.items())}")
    fields = held.pop("fields")
    count, frames, channels, *points = fields.shape
    if frames < 2 or not count:
        raise DataError(f"{path}: a forecast needs a trajectory of two frames or more, got fields {fields.shape}")
    dim, given = len(points), _shaped(path, held, "parameters", (count, None), np.zeros((count, 0)))
    names = [str(name) for name in held.get("names", [f"parameter {k}" for k in range(given.shape[1])])]
    labels = [str(name) for name in held.get("channels", [f"field {k}" for k in range(channels)])]
    if len(names) != given.shape[1] or len(labels) != channels:
        raise DataError(
            f"{path}: {len(labels)} names of {channels} channels, {len(names)} of {given.shape[1]} parameters"
        )

    def read(number: int) -> Fields:
        return np.asarray(fields[number], np.float32)

    return FieldRecording(
        count,
        frames,
        tuple(points),
        tuple(labels),
        even_step(_shaped(path, held, "t", (frames,), np.arange(frames)), f"{path}: t"),
        tuple(float(v) for v in _shaped(path, held, "lengths", (dim,), np.zeros(dim))) if "lengths" in held else None,
        tuple(bool(v) for v in _shaped(path, held, "periodic", (dim,), np.ones(dim))),
        given.astype(float),
        tuple(names),
        read,
        "npz",
    )


def _shaped(path: Path, held: dict[str, Any], key: str, shape: tuple[int | None, ...], missing: Any) -> Any:
    value = held.get(key, missing)
    if value.ndim != len(shape) or any(want not in (None, have) for want, have in zip(shape, value.shape, strict=True)):
        raise DataError(f"{path}: {key} must be {shape}, got {value.shape}")
    if not np.isfinite(np.asarray(value, float)).all():
        raise DataError(f"{path}: {key} holds values that are not finite")
    return value
