"""Chua's circuit with its piecewise-linear resistor (Matsumoto, Chua & Komuro, 1985), the double scroll."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simplatform.envs.dynamics.systems.base import Array, System, joined


def _rhs(t: float, x: Array, p: Mapping[str, float]) -> Array:
    a, b, c = x[..., 0], x[..., 1], x[..., 2]
    current = p["m1"] * a + 0.5 * (p["m0"] - p["m1"]) * (np.abs(a + 1) - np.abs(a - 1))
    return joined(p["alpha"] * (b - a - current), a - b + c, -p["beta"] * b)


CHUA = System(
    name="chua",
    dim=3,
    parameters={"alpha": 15.6, "beta": 28.0, "m0": -8 / 7, "m1": -5 / 7},
    rhs=_rhs,
    low=(0.4, -0.1, -0.1),
    high=(0.8, 0.1, 0.1),
    burn_in=30.0,
    lyapunov=0.43,  # measured by `lyapunov.exponent`: 0.426 and 0.438 over 1500 time units
    source="Matsumoto, T., Chua, L. & Komuro, M. (1985). The double scroll. IEEE Trans. Circuits Syst. 32, 797-818.",
    dt=0.05,
    spread=1.0,
    scale=(1.4191, 0.17674, 1.7876),
)
