"""Trajectories of several environments from a file, on one time grid for each environment; what was done is said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline

from simplatform.demonstrations.formats import open_demonstrations
from simplatform.envs.dynamics.recorded.arrays import named_arrays
from simplatform.envs.dynamics.recorded.clock import increasing, step_of
from simplatform.envs.dynamics.recorded.series import finite
from simplatform.envs.dynamics.recorded.tables import listed, read_table
from simplatform.envs.dynamics.systems.base import Array
from simplatform.errors import DataError
from simplatform.runs.files import reading
from simplatform.runs.fingerprint import data_fingerprint

Path_ = tuple[Array, Array]
"""Times ``(T,)`` and states ``(T, ...)`` of a trajectory."""
GROUPS = ("t", "trajectory", "environment")


@dataclass(frozen=True)
class Recorded:
    """Trajectories of E environments: ``states (E, N, T, ...)`` at ``times (E, T)``; what was understood."""

    states: Array
    times: Array
    said: tuple[str, ...] = ()


def read_trajectories(path: str) -> Recorded:
    """Read trajectories of several environments.

    - ``.npz``: ``X (E, N, T, d)``, or ``(N, T, d)`` of one environment, and ``t (T,)``, or times of each environment or
      trajectory; fields on a periodic grid are ``(E, N, T, channels, n)`` or ``(E, N, T, channels, n, n)``;
    - ``.csv``: columns ``environment`` (may be missing), ``trajectory``, ``t`` and one per component, in any order;
    - anything else: a Minari dataset (id or folder), one episode per trajectory, of one environment; an info ``t``
      gives the times, else steps are counted.

    Trajectories of one environment that have times of their own are resampled to common ones by cubic splines, longer
    ones are cut; both are said.

    Raises:
        DataError: what is missing, of another shape, not finite, or cannot be brought together, by name.
    """
    return _trajectories(path, data_fingerprint(path))


@lru_cache(maxsize=8)
def _trajectories(path: str, fingerprint: str) -> Recorded:
    with reading(f"{path} does not hold trajectories"):
        if Path(path).suffix == ".npz":
            groups, said = _from_arrays(path)
        elif Path(path).suffix == ".csv":
            groups, said = _from_table(path)
        else:
            groups, said = _from_demonstrations(path)
        return _together(path, groups, said)


def _from_arrays(path: str) -> tuple[list[list[Path_]], list[str]]:
    (times, states), _ = named_arrays(Path(path), "t", "X")
    states = states[None] if states.ndim == 3 else states
    if states.ndim not in (4, 5, 6):
        raise DataError(
            f"{path}: expected X of shape (environments, trajectories, times, components), or with "
            f"(channels, n) or (channels, n, n) in the place of components, got {states.shape}"
        )
    e, n, t = states.shape[:3]
    shapes = {(t,): (1, 1, t), (e, t): (e, 1, t), (e, n, t): (e, n, t), **({(n, t): (1, n, t)} if e == 1 else {})}
    if times.shape not in shapes:
        raise DataError(f"{path}: t is {times.shape} and X {states.shape}; expected t of one of {sorted(set(shapes))}")
    clocks = np.broadcast_to(times.reshape(shapes[times.shape]), (e, n, t))
    finite(path, states)
    return [[(clocks[i, j], states[i, j]) for j in range(n)] for i in range(e)], []


def _from_table(path: str) -> tuple[list[list[Path_]], list[str]]:
    table = read_table(Path(path))
    for name in ("t", "trajectory"):
        if name not in table.columns:
            raise DataError(f"{path}: the column {name!r} is missing; there are {listed(table.columns)}")
    states = table.without(*GROUPS)
    if not states:
        raise DataError(f"{path}: expected columns for the components beside t, trajectory and environment; found none")
    times, numbers = table.columns["t"], table.columns["trajectory"]
    owners, values = table.columns.get("environment", np.zeros(len(times))), np.stack(list(states.values()), axis=1)
    groups = []
    for owner in np.unique(owners):
        paths = []
        for number in np.unique(numbers[owners == owner]):
            mine = np.flatnonzero((owners == owner) & (numbers == number))
            mine = mine[np.argsort(times[mine], kind="stable")]
            paths.append((times[mine], values[mine]))
        groups.append(paths)
    return groups, [f"components: {listed(states)}", *table.said]


def _from_demonstrations(path: str) -> tuple[list[list[Path_]], list[str]]:
    paths = []
    for episode in open_demonstrations(path):
        states = np.concatenate([v.reshape(len(v), -1) for v in episode.observations.values()], axis=1).astype(float)
        clock = episode.infos.get("t")
        counted = np.arange(len(states), dtype=float)
        paths.append((counted if clock is None else np.concatenate([[0.0], np.asarray(clock, float)]), states))
    return [paths], []


def _together(path: str, groups: Sequence[Sequence[Path_]], said: Sequence[str]) -> Recorded:
    """Bring each environment's trajectories to common times, and all environments to one length."""
    told = list(said)
    counts = sorted({len(paths) for paths in groups})
    if len(counts) != 1:
        raise DataError(f"{path}: environments differ in shape: {counts} trajectories; give each as many")
    if not counts or counts[0] < 3:
        raise DataError(
            f"{path}: expected at least 3 trajectories of each environment (to train, to validate and to test), "
            f"got {counts[0] if counts else 0}"
        )
    grids = [_common(path, number, paths, told) for number, paths in enumerate(groups)]
    shapes = {states.shape[2:] for _, states in grids}
    if len(shapes) != 1:
        raise DataError(f"{path}: environments differ in shape: {sorted(shapes)[:4]}")
    length = min(len(times) for times, _ in grids)
    if length != max(len(times) for times, _ in grids):
        told.append(f"environments differ in length: all are cut to {length} samples")
    states = np.stack([states[:, :length] for _, states in grids])
    finite(path, states)
    told.insert(
        0, f"{len(grids)} environment{'s' * (len(grids) > 1)} of {counts[0]} trajectories, {length} samples each"
    )
    return Recorded(states, np.stack([times[:length] for times, _ in grids]), tuple(told))


def _common(path: str, number: int, paths: Sequence[Path_], told: list[str]) -> Path_:
    """Return common times and the states ``(N, T, ...)`` of an environment's trajectories there."""
    for trajectory, (times, states) in enumerate(paths):
        if len(times) < min(4, max(len(other) for other, _ in paths)):
            raise DataError(
                f"{path}: trajectory {trajectory} of environment {number} has {len(times)} samples; take it out"
            )
        increasing(f"{path}, trajectory {trajectory} of environment {number}", times)
        if states.shape[1:] != paths[0][1].shape[1:]:
            raise DataError(f"{path}: trajectories of environment {number} differ in shape; give them all components")
    if all(np.array_equal(times, paths[0][0]) for times, _ in paths):
        return paths[0][0], np.stack([states for _, states in paths])
    clocks = [times - times[0] for times, _ in paths]
    shortest = min(map(len, clocks))
    steps = [step_of(times) for times, _ in paths]
    usual = float(np.median(np.concatenate([np.diff(clock) for clock in clocks])))
    if all(step is not None and abs(step - usual) * shortest < 1e-3 * usual for step in steps):
        longest = max(map(len, clocks))
        told.append(
            f"environment {number}: trajectories of {shortest} to {longest} samples; all are cut to {shortest}, "
            "and their times count from the first"
        )
        return usual * np.arange(shortest, dtype=float), np.stack([states[:shortest] for _, states in paths])
    reach = min(float(clock[-1]) for clock in clocks)
    grid: Array = usual * np.arange(int(reach / usual + 1e-9) + 1, dtype=float)
    told.append(
        f"environment {number}: trajectories have times of their own; resampled by cubic splines to {len(grid)} "
        f"samples, {usual:.6g} apart, counted from the first"
    )
    return grid, np.stack([CubicSpline(clock, states)(grid) for clock, (_, states) in zip(clocks, paths, strict=True)])
