"""True trajectories: tight-tolerance integration in float64, and the scale that errors are measured in."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from scipy.integrate import solve_ivp

from simplatform.envs.dynamics.systems import find_system
from simplatform.envs.dynamics.systems.base import Array, System
from simplatform.errors import SolverError

RTOL, ATOL = 1e-10, 1e-12


def trajectory(system: System, start: Array, times: Array, **parameters: float) -> Array:
    """Integrate by DOP853 (rtol 1e-10, atol 1e-12) and return the states at ``times``, ``(T, dim)``.

    Raises:
        SolverError: the trajectory leaves the finite numbers or the step size underflows; the time reached is named.
    """
    span = (float(times[0]), float(times[-1]))
    found = solve_ivp(system.field(**parameters), span, start, "DOP853", times, rtol=RTOL, atol=ATOL)
    if not found.success or not np.isfinite(found.y).all():
        raise SolverError(f"{system.name} cannot be integrated beyond t = {found.t[-1]:.4g}: {found.message}")
    states: Array = found.y.T
    return states


@lru_cache(maxsize=32)
def attractor_scale(name: str) -> tuple[float, ...]:
    """Return the standard deviation of each component over 100 time units on the attractor: the unit of all errors."""
    system = find_system(name)
    times = np.arange(0, system.burn_in + 100, 0.02)
    states = trajectory(system, system.initial(np.random.default_rng(0)), times)
    return tuple(states[times >= system.burn_in].std(axis=0).tolist())
