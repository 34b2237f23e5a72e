"""Recorded trajectories from files: npz, csv, or Minari datasets, checked before use. Files are only read."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from simplatform.demonstrations.formats import open_demonstrations
from simplatform.envs.dynamics.systems.base import Array
from simplatform.errors import DataError
from simplatform.runs.files import reading
from simplatform.runs.fingerprint import data_fingerprint

EVEN = 1e-6
"""How far time steps may differ from their mean, as a fraction of it, to count as even."""


@dataclass(frozen=True)
class Recorded:
    """Trajectories of E environments: ``states (E, N, T, ...)`` at ``times (E, T)``."""

    states: Array
    times: Array


def read_trajectories(path: str) -> Recorded:
    """Read trajectories of several environments.

    - ``.npz``: ``X (E, N, T, d)``, or ``(N, T, d)`` of one environment, and ``t (T,)`` or ``(E, T)``; fields on a
      periodic grid are ``(E, N, T, channels, n)`` or ``(E, N, T, channels, n, n)``;
    - ``.csv``: columns ``environment`` (may be missing), ``trajectory``, ``t`` and one per component, in any order;
    - anything else: a Minari dataset (id or folder), one episode per trajectory, of one environment; an info ``t``
      gives the times, else steps are counted.

    Raises:
        DataError: what is missing, of another shape, not finite, or not the same for all trajectories, by name.
    """
    return _trajectories(path, data_fingerprint(path))


@lru_cache(maxsize=8)
def _trajectories(path: str, fingerprint: str) -> Recorded:
    file = Path(path)
    with reading(f"{path} does not hold trajectories"):
        if file.suffix == ".npz":
            found = _from_npz(file)
        elif file.suffix == ".csv":
            found = _from_rows(path, _table(file))
        else:
            found = _from_demonstrations(path)
        return _checked(path, found)


def read_series(path: str) -> tuple[float, Array]:
    """Read one evenly sampled series: its time step and states ``(T, d)``.

    ``.npz`` with ``x (T, d)`` or ``(T,)`` and ``t (T,)``; ``.csv`` with columns ``t`` and one per component.

    Raises:
        DataError: what is missing or not finite, or times that are not even, with the first place.
    """
    return _series(path, data_fingerprint(path))


@lru_cache(maxsize=8)
def _series(path: str, fingerprint: str) -> tuple[float, Array]:
    file = Path(path)
    with reading(f"{path} does not hold a series"):
        if file.suffix == ".npz":
            with np.load(file) as data:
                times, states = (np.asarray(_key(path, data, name), float) for name in ("t", "x"))
        else:
            table = _table(file)
            times = _column(path, table, "t")
            states = np.stack([values for name, values in table.items() if name != "t"], axis=1)
        states = states.reshape(len(times), -1)
    _finite(path, states)
    return _even_step(path, times), states


def _from_npz(file: Path) -> Recorded:
    with np.load(file) as data:
        states, times = (np.asarray(_key(str(file), data, name), float) for name in ("X", "t"))
    states = states[None] if states.ndim == 3 else states
    if states.ndim not in (4, 5, 6):
        raise DataError(
            f"{file}: expected X of shape (environments, trajectories, times, components), or with "
            f"(channels, n) or (channels, n, n) in the place of components, got {states.shape}"
        )
    return Recorded(states, np.broadcast_to(times, (len(states), states.shape[2])).copy())


def _from_rows(path: str, table: dict[str, Array]) -> Recorded:
    times, numbers = _column(path, table, "t"), _column(path, table, "trajectory")
    owners = table.get("environment", np.zeros(len(times)))
    names = [name for name in table if name not in ("t", "trajectory", "environment")]
    if not names:
        raise DataError(f"{path}: expected columns for the components beside t, trajectory and environment; found none")
    values = np.stack([table[name] for name in names], axis=1)
    environments, grids = [], []
    for owner in np.unique(owners):
        paths, clocks = [], []
        for number in np.unique(numbers[owners == owner]):
            mine = np.flatnonzero((owners == owner) & (numbers == number))
            mine = mine[np.argsort(times[mine], kind="stable")]
            paths.append(values[mine])
            clocks.append(times[mine])
        _same(path, f"trajectories of environment {owner:g}", [clock.shape for clock in clocks])
        if any(not np.array_equal(clock, clocks[0]) for clock in clocks):
            raise DataError(f"{path}: trajectories of environment {owner:g} have different times; resample them first")
        environments.append(np.stack(paths))
        grids.append(clocks[0])
    _same(path, "environments", [states.shape for states in environments])
    return Recorded(np.stack(environments), np.stack(grids))


def _from_demonstrations(path: str) -> Recorded:
    episodes = list(open_demonstrations(path))
    states = [np.concatenate([v.reshape(len(v), -1) for v in e.observations.values()], axis=1) for e in episodes]
    _same(path, "episodes", [values.shape for values in states])
    clock = episodes[0].infos.get("t") if episodes else None
    times = (
        np.arange(len(states[0]), dtype=float) if clock is None else np.concatenate([[0.0], np.asarray(clock, float)])
    )
    return Recorded(np.stack(states)[None].astype(float), times[None])


def _checked(path: str, found: Recorded) -> Recorded:
    _finite(path, found.states)
    if found.states.shape[1] < 3:
        raise DataError(
            f"{path}: expected at least 3 trajectories of each environment (to train, to validate and to test), "
            f"got {found.states.shape[1]}"
        )
    if not (np.diff(found.times, axis=1) > 0).all():
        raise DataError(f"{path}: times must increase along a trajectory")
    return found


def _table(file: Path) -> dict[str, Array]:
    with file.open(newline="", encoding="utf8") as lines:
        rows = list(csv.reader(lines))
    if len(rows) < 3:
        raise DataError(f"{file}: expected a line of column names and at least two of numbers, got {len(rows)} lines")
    names = [name.strip() for name in rows[0]]
    for number, row in enumerate(rows[1:], start=2):
        if len(row) != len(names):
            raise DataError(f"{file}, line {number}: expected {len(names)} values, got {len(row)}")
    values = np.array(rows[1:], dtype=float)
    return {name: values[:, index] for index, name in enumerate(names)}


def _column(path: str, table: dict[str, Array], name: str) -> Array:
    if name not in table:
        raise DataError(f"{path}: the column {name!r} is missing; there are {', '.join(table)}")
    return table[name]


def _key(path: str, data: Mapping[str, Array], name: str) -> Array:
    if name not in data:
        raise DataError(f"{path}: the array {name!r} is missing; there are {', '.join(data)}")
    return data[name]


def _same(path: str, what: str, shapes: list[tuple[int, ...]]) -> None:
    if len(set(shapes)) != 1:
        raise DataError(f"{path}: {what} differ in shape: {sorted(set(shapes))[:4]}; cut them to the same length")


def _finite(path: str, values: Array) -> None:
    bad = np.argwhere(~np.isfinite(values))
    if len(bad):
        raise DataError(f"{path}: {len(bad)} values are not finite, the first at index {tuple(bad[0].tolist())}")


def _even_step(path: str, times: Array) -> float:
    steps = np.diff(times)
    if not len(steps) or not (steps > 0).all():
        raise DataError(f"{path}: expected at least two increasing times")
    worst = int(np.abs(steps - steps.mean()).argmax())
    if abs(steps[worst] - steps.mean()) > EVEN * steps.mean():
        raise DataError(
            f"{path}: sampled unevenly: {steps[worst]:g} from row {worst + 1}, {steps.mean():g} on average; resample it"
        )
    return float(steps.mean())
