"""Named arrays of ``.npz`` files as real numbers, and how fine their number format is."""

from __future__ import annotations

import zipfile
from pathlib import Path

import numpy as np

from simplatform.budgets import regular
from simplatform.envs.dynamics.recorded.tables import listed
from simplatform.envs.dynamics.systems.base import Array
from simplatform.errors import DataError
from simplatform.runs.arrays import read_npz


def named_arrays(file: Path, *names: str) -> tuple[tuple[Array, ...], float]:
    """Return named arrays as float64, and the resolution of the first one's format at its largest value.

    Raises:
        DataError: one is missing or does not hold real numbers.
    """
    with regular(file) as opened:
        there = zipfile.ZipFile(opened).namelist()
        found = read_npz(opened, file, names)
    for name in names:
        if name not in found:
            known = listed(member.removesuffix(".npy") for member in there)
            raise DataError(f"{file}: the array {name!r} is missing; there are {known}")
        if found[name].dtype.kind not in "fiub":
            raise DataError(
                f"{file}: the array {name!r} holds {found[name].dtype}, expected real numbers: give real and imaginary "
                "parts as components of their own, times as seconds"
            )
    return tuple(found[name].astype(float) for name in names), _format(found[names[0]])


def _format(values: np.ndarray) -> float:
    if values.dtype.kind != "f" or not values.size:
        return 0.0
    size = np.abs(values[np.isfinite(values)]).max(initial=0)
    return float(np.spacing(np.asarray(size, values.dtype)))
