"""The Lorenz system (Lorenz, 1963, J. Atmos. Sci. 20, eqs. 25–27) at its classical parameters."""

from __future__ import annotations

from collections.abc import Mapping

from simplatform.envs.dynamics.systems.base import Array, System, joined


def _rhs(t: float, x: Array, p: Mapping[str, float]) -> Array:
    a, b, c = x[..., 0], x[..., 1], x[..., 2]
    return joined(p["sigma"] * (b - a), a * (p["rho"] - c) - b, a * b - p["beta"] * c)


LORENZ63 = System(
    name="lorenz63",
    dim=3,
    parameters={"sigma": 10.0, "rho": 28.0, "beta": 8 / 3},
    rhs=_rhs,
    # x and y of opposite sign: far from the unstable foci, near which a trajectory may linger for tens of time units
    low=(-10.0, 5.0, 22.0),
    high=(-5.0, 10.0, 32.0),
    burn_in=10.0,
    lyapunov=0.9056,  # Sprott (2003), Chaos and Time-Series Analysis, table A.2
    source="Lorenz, E. N. (1963). Deterministic nonperiodic flow. J. Atmos. Sci. 20, 130-141.",
    scale=(7.8918, 9.0075, 8.6455),
)
