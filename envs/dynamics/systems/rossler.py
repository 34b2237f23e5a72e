"""The Rössler system (Rössler, 1976, Phys. Lett. A 57, 397) at a = b = 0.2, c = 5.7."""

from __future__ import annotations

from collections.abc import Mapping

from simplatform.envs.dynamics.systems.base import Array, System, joined


def _rhs(t: float, x: Array, p: Mapping[str, float]) -> Array:
    a, b, c = x[..., 0], x[..., 1], x[..., 2]
    return joined(-b - c, a + p["a"] * b, p["b"] + c * (a - p["c"]))


ROSSLER = System(
    name="rossler",
    dim=3,
    parameters={"a": 0.2, "b": 0.2, "c": 5.7},
    rhs=_rhs,
    low=(-6.0, -6.0, 0.0),
    high=(6.0, 6.0, 0.1),
    burn_in=60.0,
    lyapunov=0.0714,  # Sprott (2003), Chaos and Time-Series Analysis, table A.2
    source="Rössler, O. E. (1976). An equation for continuous chaos. Phys. Lett. A 57, 397-398.",
    dt=0.1,
    scale=(5.126, 4.8238, 2.8731),
)
