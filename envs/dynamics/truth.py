"""True trajectories: tight-tolerance integration in float64, and the scale that errors are measured in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from math import ceil, log2

import numpy as np
from scipy.integrate import solve_ivp

from simplatform.envs.dynamics.batched import field_of, fields_of, integrate, integrate_rows
from simplatform.envs.dynamics.systems import find_system
from simplatform.envs.dynamics.systems.base import Array, System
from simplatform.errors import SolverError

RTOL, ATOL = 1e-10, 1e-12
FORGETFUL = 15.0
"""Lyapunov times after which a burn-in would let rounding decide where it ends."""
PIECE = 4.0
"""Lyapunov times of a piece of such a burn-in: rounding of 1e-15 has become 1e-13, and 1e-6 is rounded to."""


def trajectory(system: System, start: Array, times: Array, **parameters: float) -> Array:
    """Integrate by DOP853 (rtol 1e-10, atol 1e-12), or by the system's own way; returns states at ``times (T, dim)``.

    Raises:
        SolverError: the trajectory leaves the finite numbers or the step size underflows; the time reached is named.
    """
    if system.integrate is not None:
        return system.integrate(system, start, times, {**system.parameters, **parameters})
    span = (float(times[0]), float(times[-1]))
    found = solve_ivp(system.field(**parameters), span, start, "DOP853", times, rtol=RTOL, atol=ATOL)
    if not found.success or not np.isfinite(found.y).all():
        raise SolverError(f"{system.name} cannot be integrated beyond t = {found.t[-1]:.4g}: {found.message}")
    states: Array = found.y.T
    return states


def trajectories(system: System, starts: Array, times: Array, **parameters: float) -> Array:
    """Integrate several initial states ``(N, dim)`` of one system at once: ``(N, T, dim)``.

    One error control watches all of them, at the tolerance of ``trajectory`` in the root mean square over the batch;
    it is tightened by √N, so that no single trajectory may err by more than alone.

    Raises:
        SolverError: a trajectory leaves the finite numbers or the step size underflows.
    """
    if system.integrate is not None:
        return np.stack([trajectory(system, start, times, **parameters) for start in starts])
    field, shape, root = system.field(**parameters), starts.shape, len(starts) ** 0.5
    span = (float(times[0]), float(times[-1]))
    with np.errstate(all="ignore"):
        found = solve_ivp(
            lambda t, x: field(t, x.reshape(shape)).ravel(), span, starts.ravel(), "DOP853", times,
            rtol=RTOL / root, atol=ATOL / root,
        )  # fmt: skip
    if not found.success or not np.isfinite(found.y).all():
        raise SolverError(f"{system.name} cannot be integrated beyond t = {found.t[-1]:.4g}: {found.message}")
    states: Array = found.y.T.reshape(len(times), *shape).transpose(1, 0, 2)
    return np.ascontiguousarray(states)


def all_trajectories(
    system: System, starts: Array, times: Array, parameters: Sequence[Mapping[str, float]]
) -> list[Array]:
    """Return what ``trajectories`` does, to rounding, for several sets of starts ``(B, N, dim)`` and parameters.

    Raises:
        SolverError: a trajectory leaves the finite numbers or the step size underflows.
    """
    field = fields_of(system, parameters, starts) if system.integrate is None else None
    if field is None:
        return [trajectories(system, own, times, **p) for own, p in zip(starts, parameters, strict=True)]
    (sets, count, dim), root = starts.shape, starts.shape[1] ** 0.5
    when = np.broadcast_to(times, (sets, len(times)))
    found = integrate_rows(field, starts.reshape(sets, -1), when, RTOL / root, ATOL / root, system.name)
    return list(np.ascontiguousarray(found.reshape(sets, len(times), count, dim).transpose(0, 2, 1, 3)))


def settled(system: System, start: Array, wait: float) -> Array:
    """Return where a trajectory is after a burn-in, the same on any machine.

    After some thirty Lyapunov times the last digit of the start decides everything, and with it the processor's own
    rounding. A long burn-in is therefore done in pieces of a few Lyapunov times, after each of which the state is
    rounded, far above what rounding can have grown to: machines that differ by a digit go on from one state.
    """
    if not wait:
        return start
    pieces, state = _pieces(system, wait), start
    for _ in range(pieces):
        state = trajectory(system, state, np.array([0.0, wait / pieces]))[-1]
        if pieces > 1:
            state = _rounded(state, _size(system))
    return state


def all_settled(system: System, starts: Array, waits: Array) -> Array:
    """Return what ``settled`` does, of several starts ``(N, dim)`` at once."""
    states, pieces = starts.copy(), np.array([_pieces(system, wait) if wait else 0 for wait in waits.tolist()])
    for done in range(pieces.max(initial=0)):
        rows = np.flatnonzero(pieces > done)
        times = np.stack([np.zeros(len(rows)), waits[rows] / pieces[rows]], axis=1)
        states[rows] = bundle(system, states[rows], times)[:, -1]
        long = rows[pieces[rows] > 1]
        states[long] = _rounded(states[long], _size(system))
    return states


def _pieces(system: System, wait: float) -> int:
    """Return in how many pieces a burn-in is done."""
    waited = wait * (system.lyapunov or 0.0)
    return ceil(waited / PIECE) if waited > FORGETFUL else 1


def _size(system: System) -> float:
    return float(max(np.abs([*system.low, *system.high]).max(), 1e-300))


def _rounded(state: Array, size: float) -> Array:
    """Round to multiples of a power of two, about a millionth of ``size``."""
    quantum = 2.0 ** (ceil(log2(size)) - 20)
    whole: Array = np.round(state / quantum) * quantum
    return whole


def bundle(system: System, starts: Array, times: Array) -> Array:
    """Integrate initial states ``(N, dim)`` of one system, each to ``times (N, T)`` of its own: ``(N, T, dim)``.

    As ``trajectory`` of each alone, to rounding; none knows of the others.

    Raises:
        SolverError: a trajectory leaves the finite numbers or the step size underflows.
    """
    if system.integrate is not None:
        return np.stack([trajectory(system, start, row) for start, row in zip(starts, times, strict=True)])
    return integrate(field_of(system), starts, times, RTOL, ATOL, system.name)


@lru_cache(maxsize=32)
def attractor_scale(name: str) -> tuple[float, ...]:
    """Return the standard deviation of each component on the attractor: the unit of all errors."""
    system = find_system(name)
    return system.scale if system.scale is not None else measured_scale(system)


def measured_scale(system: System) -> tuple[float, ...]:
    """Measure the standard deviations over 10 000 samples of a trajectory, each 2 ``dt`` after the last.

    Fields on a grid have one unit for all points, of several trajectories.
    """
    random = np.random.default_rng(0)
    if system.grid is None:
        times = np.arange(0, system.burn_in + 20_000 * system.dt, 2 * system.dt)
        states = trajectory(system, system.initial(random), times)
        return tuple(states[times >= system.burn_in].std(axis=0).tolist())
    times = np.concatenate([[0.0], system.burn_in + system.dt * np.arange(1, 100)])
    states = np.stack([trajectory(system, system.initial(random), times)[1:] for _ in range(4)])
    fields = states.reshape(-1, system.grid[1], system.dim // system.grid[1])
    return tuple(np.repeat(fields.std(axis=(0, 2)), fields.shape[2]).tolist())
