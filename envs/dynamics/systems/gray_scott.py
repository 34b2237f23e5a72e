"""The Gray–Scott reaction-diffusion system on a periodic square of 32 × 32 points, spacing 1 (Pearson, 1993).

Diffusivities as in CoDA (Kirchmeyer et al., 2022). A state is ``u`` row by row, then ``v``. Trajectories start from
u = 1, v = 0 with three random patches of u = 0.5, v = 0.25, which is our choice.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simplatform.envs.dynamics.systems.base import Array, System

SIDE, PATCHES, PATCH = 32, 3, 6


def _rhs(t: float, x: Array, p: Mapping[str, float]) -> Array:
    u, v = np.moveaxis(x.reshape(*x.shape[:-1], 2, SIDE, SIDE), -3, 0)
    reaction = u * v**2
    du = p["Du"] * _laplacian(u) - reaction + p["F"] * (1 - u)
    dv = p["Dv"] * _laplacian(v) + reaction - (p["F"] + p["k"]) * v
    return np.stack([du, dv], axis=-3).reshape(x.shape)


def _laplacian(u: Array) -> Array:
    """Return the five-point Laplacian at spacing 1."""
    total: Array = sum(np.roll(u, shift, axis) for axis in (-2, -1) for shift in (-1, 1)) - 4 * u
    return total


def _patches(random: np.random.Generator) -> Array:
    u, v = np.ones((SIDE, SIDE)), np.zeros((SIDE, SIDE))
    for row, column in random.integers(0, SIDE, (PATCHES, 2)):
        place = np.ix_((row + np.arange(PATCH)) % SIDE, (column + np.arange(PATCH)) % SIDE)
        u[place], v[place] = 0.5, 0.25
    return np.concatenate([u.ravel(), v.ravel()])


GRAY_SCOTT = System(
    name="gray-scott",
    dim=2 * SIDE * SIDE,
    parameters={"Du": 0.2097, "Dv": 0.105, "F": 0.03, "k": 0.062},
    rhs=_rhs,
    low=(0.0,) * (2 * SIDE * SIDE),
    high=(1.0,) * (2 * SIDE * SIDE),
    burn_in=0.0,
    lyapunov=None,
    source="Pearson, J. E. (1993). Complex patterns in a simple system. Science 261, 189-192.",
    dt=40.0,
    sample=_patches,
    shape=(2, SIDE, SIDE),
)
