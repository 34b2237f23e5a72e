"""The Lotka–Volterra equations, in the parametrisation of CoDA (Kirchmeyer et al., 2022, arXiv:2202.01889)."""

from __future__ import annotations

from collections.abc import Mapping

from simplatform.envs.dynamics.systems.base import Array, System, joined


def _rhs(t: float, x: Array, p: Mapping[str, float]) -> Array:
    prey, predator = x[..., 0], x[..., 1]
    growth = p["alpha"] * prey - p["beta"] * prey * predator
    return joined(growth, p["delta"] * prey * predator - p["gamma"] * predator)


LOTKA_VOLTERRA = System(
    name="lotka-volterra",
    dim=2,
    parameters={"alpha": 0.5, "beta": 0.75, "gamma": 0.5, "delta": 0.75},
    rhs=_rhs,
    low=(1.0, 1.0),
    high=(2.0, 2.0),
    burn_in=0.0,
    lyapunov=None,
    source="Kirchmeyer, M. et al. (2022). Generalizing to new physical systems via context-informed dynamics model.",
)
