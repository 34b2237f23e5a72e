"""The double pendulum of two unit masses on unit rods, g = 9.81, released at rest from above the horizontal.

The state holds cosine and sine of both angles (from the downward vertical) and both angular velocities, and so stays
bounded when a rod turns over: ``(cos a, sin a, cos b, sin b, a', b')``.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simplatform.envs.dynamics.systems.base import Array, System, joined


def _rhs(t: float, x: Array, p: Mapping[str, float]) -> Array:
    ca, sa, cb, sb, u, v = np.moveaxis(x, -1, 0)
    g = p["g"]
    cd, sd = ca * cb + sa * sb, sa * cb - ca * sb  # of the difference a - b
    bottom = 2 - cd**2
    du = (-g * (2 * sa - sb * cd) - sd * (v**2 + u**2 * cd)) / bottom
    dv = (2 * sd * u**2 + 2 * g * (sa * cd - sb) + sd * cd * v**2) / bottom
    return joined(-sa * u, ca * u, -sb * v, cb * v, du, dv)


def energy(x: Array, g: float = 9.81) -> Array:
    """Return the energy in J of states ``(..., 6)``; zero where both rods hang down at rest is at -3 g."""
    ca, sa, cb, sb, u, v = np.moveaxis(x, -1, 0)
    kinetic = u**2 + 0.5 * v**2 + u * v * (ca * cb + sa * sb)
    potential: Array = kinetic - g * (2 * ca + cb)
    return potential


def _released(random: np.random.Generator) -> Array:
    a, b = np.pi * random.uniform(0.55, 0.75, 2)
    return np.array([np.cos(a), np.sin(a), np.cos(b), np.sin(b), 0.0, 0.0])


DOUBLE_PENDULUM = System(
    name="double-pendulum",
    dim=6,
    parameters={"g": 9.81},
    rhs=_rhs,
    low=(-1.0,) * 6,
    high=(1.0,) * 6,
    burn_in=5.0,
    lyapunov=1.40,  # measured by `lyapunov.exponent`: 1.41 and 1.38 over 300 s at energies of two draws
    source="Shinbrot, T. et al. (1992). Chaos in a double pendulum. Am. J. Phys. 60, 491-499.",
    dt=0.01,
    spread=1.0,
    sample=_released,
    scale=(0.61128, 0.75386, 0.6941, 0.7043, 3.6175, 5.1362),
)
