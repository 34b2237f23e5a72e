"""One series from a file: evenly sampled states, and what was understood of them."""

from __future__ import annotations

import zipfile
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

from simplatform.budgets import regular
from simplatform.envs.dynamics.recorded.arrays import named_arrays
from simplatform.envs.dynamics.recorded.clock import evened
from simplatform.envs.dynamics.recorded.tables import listed, read_table
from simplatform.envs.dynamics.systems.base import Array
from simplatform.errors import DataError
from simplatform.runs.files import reading
from simplatform.runs.fingerprint import data_fingerprint


class Series(NamedTuple):
    """Evenly sampled ``states (T, d)``, ``step`` apart from ``start`` on, the components' names, what is understood."""

    step: float
    states: Array
    names: tuple[str, ...]
    said: tuple[str, ...]
    start: float = 0.0


def is_series(path: str) -> bool:
    """Return whether a file holds one series, not trajectories: an array ``x``, or a table without ``trajectory``."""
    file = Path(path)
    with reading(f"{path} holds neither a series nor trajectories"):
        if file.suffix == ".npz":
            with regular(file) as opened:
                return "x.npy" in zipfile.ZipFile(opened).namelist()
        return file.suffix == ".csv" and "trajectory" not in read_table(file).columns


def read_series(path: str) -> Series:
    """Read one series; uneven samples are resampled, and said.

    ``.npz`` with ``x (T, d)`` or ``(T,)`` and ``t (T,)``; ``.csv`` with a time column (``t``, ``time``, ``timestamp``,
    dates too) and one per component.

    Raises:
        DataError: what is missing, not finite, or not increasing, with the first place.
    """
    return _series(path, data_fingerprint(path))


@lru_cache(maxsize=8)
def _series(path: str, fingerprint: str) -> Series:
    with reading(f"{path} does not hold a series"):
        if Path(path).suffix == ".npz":
            return _from_arrays(path)
        return _from_table(path)


def _from_table(path: str) -> Series:
    table = read_table(Path(path))
    if "t" not in table.columns:
        raise DataError(f"{path}: the column 't' is missing; there are {listed(table.columns)}")
    states = table.without("t")
    if not states:
        raise DataError(f"{path}: expected columns for the components beside t; found none")
    even = evened(path, table.columns["t"], np.stack(list(states.values()), axis=1))
    units = [f"{name} in {unit}" for name, unit in table.units.items()]
    heading = f"{len(states)} component{'s' * (len(states) > 1)}: {listed(states)}"
    said = (heading, *([f"units: {listed(units)}"] if units else []), *table.said, *even.said)
    return Series(even.step, even.states, tuple(states), said, even.start)


def _from_arrays(path: str) -> Series:
    found, own = named_arrays(Path(path), "t", "x")
    times, states = found
    if times.ndim != 1 or not states.ndim or len(states) != len(times):
        raise DataError(f"{path}: expected t (T,) and x (T,) or (T, d), got t {times.shape} and x {states.shape}")
    if not states.size:
        raise DataError(f"{path}: expected samples of one component or more, got x {states.shape}")
    states = states.reshape(len(times), -1)
    finite(path, states)
    even = evened(path, times, states, own)
    names = tuple(f"x{number}" for number in range(states.shape[1]))
    return Series(even.step, even.states, names, (f"{states.shape[1]} components of 'x'", *even.said), even.start)


def finite(path: str, values: Array) -> None:
    """Check that values are finite.

    Raises:
        DataError: some are not; the first is named.
    """
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise DataError(f"{path}: {len(bad)} values are not finite, the first at index {tuple(bad[0].tolist())}")
