"""Lyapunov exponents of a system or of a fitted map, measured by neighbours that are pulled back again and again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simplatform.envs.dynamics.systems.base import Array, System
from simplatform.envs.dynamics.truth import trajectory
from simplatform.errors import SolverError

GAP = 1e-7


def exponent(system: System, time: float, *, interval: float, seed: int = 0) -> float:
    """Return the mean rate at which two trajectories part, per unit of time (Benettin et al., 1980).

    The neighbour starts 1e-7 away and is pulled back to that distance every ``interval``; the first tenth is left out.
    """
    random = np.random.default_rng(seed)
    here = trajectory(system, system.initial(random), np.array([0.0, system.burn_in + interval]))[-1]
    direction = random.standard_normal(here.shape)
    there, rates = here + GAP * direction / np.linalg.norm(direction), []
    for _ in range(int(time / interval)):
        here, there = (trajectory(system, state, np.array([0.0, interval]))[-1] for state in (here, there))
        gap = np.linalg.norm(there - here)
        rates.append(np.log(gap / GAP) / interval)
        there = here + (there - here) * (GAP / gap)
    return float(np.mean(rates[len(rates) // 10 :]))


Advance = Callable[[Array], Array]
"""Windows ``(B, q, d)`` to the windows that follow some steps later."""


def spectrum(advance: Advance, window: Array, interval: float, rounds: int, count: int = 0, seed: int = 0) -> Array:
    """Return the largest exponents of a map of windows, per unit of time, in falling order (Benettin et al., 1980).

    ``count`` neighbours of a window ``(q, d)`` start 1e-7 of its size away in perpendicular directions; every
    ``interval`` they are pulled back by a QR decomposition. The first tenth of the ``rounds`` is left out. A fitted map
    has as many exponents as its state has numbers; by default those of a state of d numbers are measured.

    Raises:
        SolverError: the map leaves the finite numbers.
    """
    shape, random = window.shape, np.random.default_rng(seed)
    size = GAP * max(float(np.abs(window).max()), 1e-12)
    basis, here, logs = np.linalg.qr(random.standard_normal((window.size, count or shape[1])))[0], window, []
    for _ in range(rounds):
        there = here.ravel() + size * basis.T
        moved = advance(np.concatenate([here[None], there.reshape(-1, *shape)]))
        if not np.isfinite(moved).all():
            raise SolverError("Lyapunov exponents: the map leaves the finite numbers")
        here, gaps = moved[0], (moved[1:] - moved[0]).reshape(len(moved) - 1, -1).T / size
        basis, triangle = np.linalg.qr(gaps)
        logs.append(np.log(np.maximum(np.abs(np.diag(triangle)), 1e-300)) / interval)
    return np.asarray(np.sort(np.mean(logs[rounds // 10 :], axis=0))[::-1], float)
