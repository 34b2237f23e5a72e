"""Sel'kov's model of glycolysis (Sel'kov, 1968, Eur. J. Biochem. 4, 79), with a = 0.1."""

from __future__ import annotations

from collections.abc import Mapping

from simplatform.envs.dynamics.systems.base import Array, System, joined


def _rhs(t: float, x: Array, p: Mapping[str, float]) -> Array:
    first, second = x[..., 0], x[..., 1]
    turnover = p["a"] * second + first**2 * second
    return joined(turnover - first, p["b"] - turnover)


SELKOV = System(
    name="selkov",
    dim=2,
    parameters={"a": 0.1, "b": 0.6},
    rhs=_rhs,
    low=(0.0, 0.0),
    high=(3.0, 3.0),
    burn_in=0.0,
    lyapunov=None,
    source="Sel'kov, E. E. (1968). Self-oscillations in glycolysis. Eur. J. Biochem. 4, 79-86.",
    dt=4.0,
)
