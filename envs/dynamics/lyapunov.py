"""The largest Lyapunov exponent of a system, measured by a neighbour that is pulled back again and again."""

from __future__ import annotations

import numpy as np

from simplatform.envs.dynamics.systems.base import System
from simplatform.envs.dynamics.truth import trajectory

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
