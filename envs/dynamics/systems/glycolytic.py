"""The glycolytic oscillator of yeast with seven species (Daniels & Nemenman, 2015, PLoS ONE 10, e0119821)."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from simplatform.envs.dynamics.systems.base import Array, System, joined


def _rhs(t: float, x: Array, p: Mapping[str, float]) -> Array:
    s = np.moveaxis(x, -1, 0)
    glucose = p["k1"] * s[0] * s[5] / (1 + (s[5] / p["K1"]) ** p["q"])
    second = p["k2"] * s[1] * (p["N"] - s[4])
    third = p["k3"] * s[2] * (p["A"] - s[5])
    fourth, sixth = p["k4"] * s[3] * s[4], p["k6"] * s[1] * s[4]
    leak = p["kappa"] * (s[3] - s[6])
    slopes = (
        p["J0"] - glucose,
        2 * glucose - second - sixth,
        second - third,
        third - fourth - leak,
        second - fourth - sixth,
        -2 * glucose + 2 * third - p["k5"] * s[5],
        p["psi"] * leak - p["k"] * s[6],
    )
    return joined(*slopes)


GLYCOLYTIC = System(
    name="glycolytic",
    dim=7,
    parameters={
        "J0": 2.5, "k1": 100.0, "k2": 6.0, "k3": 16.0, "k4": 100.0, "k5": 1.28, "k6": 12.0, "K1": 1.0, "q": 4.0,
        "N": 1.0, "A": 4.0, "kappa": 13.0, "psi": 0.1, "k": 1.8,
    },
    rhs=_rhs,
    low=(0.15, 0.19, 0.04, 0.1, 0.08, 0.14, 0.05),
    high=(1.6, 2.16, 0.2, 0.35, 0.3, 2.67, 0.1),
    burn_in=0.0,
    lyapunov=None,
    source="Daniels, B. C. & Nemenman, I. (2015). Efficient inference of parsimonious phenomenological models.",
    dt=0.05,
)  # fmt: skip
