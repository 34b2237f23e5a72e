"""The Brusselator (Prigogine & Lefever, 1968, J. Chem. Phys. 48), well stirred: it oscillates where b > 1 + a²."""

from __future__ import annotations

from collections.abc import Mapping

from simplatform.envs.dynamics.systems.base import Array, System, joined


def _rhs(t: float, x: Array, p: Mapping[str, float]) -> Array:
    u, v = x[..., 0], x[..., 1]
    reaction = u**2 * v
    return joined(p["a"] - (p["b"] + 1) * u + reaction, p["b"] * u - reaction)


BRUSSELATOR = System(
    name="brusselator",
    dim=2,
    parameters={"a": 1.0, "b": 3.0},
    rhs=_rhs,
    low=(0.5, 0.5),
    high=(2.5, 3.5),
    burn_in=0.0,
    lyapunov=None,
    source="Prigogine, I. & Lefever, R. (1968). Symmetry breaking instabilities in dissipative systems II.",
    dt=0.5,
)
