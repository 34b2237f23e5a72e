"""DEIS, variant tAB (Zhang & Chen, 2023, arXiv:2204.13902): the noise is a polynomial in t over the last steps.

diffusers' ``DEISMultistepScheduler`` interpolates in log ρ instead, and answers differently.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.polynomial import Polynomial
from torch import Tensor

from simplatform.errors import SolverError
from simplatform.policies.samplers.base import Sampler, Spacing
from simplatform.policies.samplers.denoiser import Denoiser
from simplatform.policies.samplers.path import Path

NODES, WEIGHTS = np.polynomial.legendre.leggauss(24)


class DEIS(Sampler):
    """tAB-r: y_{i+1} = y_i + Σ_j C_ij e_{i−j} with y = x/α and ρ = σ/α; starts with lower orders."""

    spacing: Spacing = "quadratic"

    def __init__(self, degree: int = 3) -> None:
        """Set the degree r of the polynomial, 0 to 3.

        Raises:
            SolverError: another degree.
        """
        if not 0 <= degree <= 3:
            raise SolverError(f"tAB takes a degree from 0 to 3, got {degree}")
        self.degree, self.order = degree, degree + 1

    def _sample(self, denoiser: Denoiser, x: Tensor, times: Sequence[float]) -> Tensor:
        path, seen = denoiser.path, list[Tensor]()
        for i, (s, t) in enumerate(pairwise(times)):
            seen = [denoiser.noise(x, s), *seen[: self.degree]]
            nodes = [times[i - j] for j in range(len(seen))]
            y = x / path.alpha(s)
            for weight, noise in zip(weights(path, nodes, s, t), seen, strict=True):
                y = y + weight * noise
            x = path.alpha(t) * y
        return x


def weights(path: Path, nodes: list[float], s: float, t: float) -> list[float]:
    """Return ∫_s^t ρ'(τ) L_j(τ) dτ for the Lagrange polynomials on ``nodes``, by parts: [ρ L] − ∫ ρ L' dτ."""

    def rho(time: float) -> float:
        return path.sigma(time) / path.alpha(time)

    points, scale = 0.5 * (t - s) * NODES + 0.5 * (t + s), 0.5 * (t - s) * WEIGHTS
    values = scale * np.array([rho(float(p)) for p in points])
    result = []
    for j, node in enumerate(nodes):
        others = [other for k, other in enumerate(nodes) if k != j]
        basis = Polynomial.fromroots(others) if others else Polynomial([1.0])
        basis = basis / basis(node)
        result.append(float(rho(t) * basis(t) - rho(s) * basis(s) - values @ basis.deriv()(points)))
    return result


tab1, tab2, tab3 = (partial(DEIS, degree) for degree in (1, 2, 3))
