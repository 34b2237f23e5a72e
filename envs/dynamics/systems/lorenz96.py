"""The Lorenz-96 model (Lorenz, 1996) of eight sites on a ring; chaotic at forcing 8."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simplatform.envs.dynamics.systems.base import Array, System

SITES = 8


def _rhs(t: float, x: Array, p: Mapping[str, float]) -> Array:
    ahead, behind, far = np.roll(x, -1, -1), np.roll(x, 1, -1), np.roll(x, 2, -1)
    slope: Array = (ahead - far) * behind - x + p["forcing"]
    return slope


LORENZ96 = System(
    name="lorenz96",
    dim=SITES,
    parameters={"forcing": 8.0},
    rhs=_rhs,
    low=(-2.0,) * SITES,
    high=(6.0,) * SITES,
    burn_in=10.0,
    lyapunov=None,
    source="Lorenz, E. N. (1996). Predictability: a problem partly solved. ECMWF Seminar on Predictability.",
    dt=0.05,
)
