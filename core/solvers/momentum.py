"""Gradient methods with momentum for convex problems, with what is certain about their speed.

One recursion for all: y = x + γ(x − x⁻), x⁺ = x + β(x − x⁻) − α∇f(y), for f that is μ-strongly convex with an
L-Lipschitz gradient, κ = L/μ. Nesterov's accelerated gradient (2004), Polyak's heavy ball (1964) and the triple
momentum method (Van Scoy, Freeman and Lynch, 2018), which has the best certificate of the three. Heavy ball has none:
on a piecewise quadratic it can cycle for ever (Lessard, Recht and Packard, 2016, section 4.6). They come after the
dynamics of "On the dynamics of acceleration in first order gradient methods"; that paper's derivation by passivity is
not built. For sub-problems that are convex: of deep networks nothing is certified.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeVar

import numpy as np

from simplatform.errors import ConfigError

Name = Literal["gradient", "heavy-ball", "nesterov", "triple-momentum"]
METHODS: tuple[Name, ...] = ("gradient", "heavy-ball", "nesterov", "triple-momentum")

Vector = TypeVar("Vector")
"""An array or a tensor: what can be added and scaled."""


@dataclass(frozen=True)
class Momentum:
    """The three coefficients, and the certificate: ‖x_k − x*‖ ≤ C·ρᵏ on every such f; None where there is none."""

    name: Name
    alpha: float
    beta: float
    gamma: float
    certified: float | None
    mu: float
    lipschitz: float

    def ahead(self, x: Vector, before: Vector) -> Vector:
        """Return y, where the gradient is wanted."""
        here: Any = x  # arrays and tensors have no type in common that adds
        found: Vector = here + self.gamma * (here - before)
        return found

    def following(self, x: Vector, before: Vector, gradient: Vector) -> Vector:
        """Return x⁺ from x, x⁻ and ∇f(y)."""
        here: Any = x
        slope: Any = gradient
        found: Vector = here + self.beta * (here - before) - self.alpha * slope
        return found

    def quadratic_rate(self, points: int = 4001) -> float:
        """Return the rate on quadratics: the largest spectral radius of a step over curvatures from μ to L."""
        curvature = np.geomspace(self.mu, self.lipschitz, points)
        trace = 1 + self.beta - self.alpha * curvature * (1 + self.gamma)
        determinant = self.beta - self.alpha * curvature * self.gamma
        root = np.sqrt((trace**2 - 4 * determinant).astype(complex))
        return float(np.maximum(np.abs(trace + root), np.abs(trace - root)).max() / 2)


def momentum(name: Name, mu: float, lipschitz: float) -> Momentum:
    """Return a method for curvatures between ``mu`` and ``lipschitz``.

    Raises:
        ConfigError: no such method, or not 0 < μ ≤ L.
    """
    if name not in METHODS or not 0 < mu <= lipschitz < math.inf:
        raise ConfigError(f"method {name!r} for curvatures {mu:g} to {lipschitz:g}: one of {METHODS}, 0 < μ ≤ L")
    root = math.sqrt(lipschitz / mu)
    rate = 1 - 1 / root
    slow = (root - 1) / (root + 1)
    parts: tuple[float, float, float, float | None]
    if name == "gradient":
        parts = (2 / (lipschitz + mu), 0.0, 0.0, (root**2 - 1) / (root**2 + 1))
    elif name == "heavy-ball":
        parts = (4 / (math.sqrt(lipschitz) + math.sqrt(mu)) ** 2, slow**2, 0.0, None)
    elif name == "nesterov":
        parts = (1 / lipschitz, slow, slow, math.sqrt(rate))
    else:
        parts = ((1 + rate) / lipschitz, rate**2 / (2 - rate), rate**2 / ((1 + rate) * (2 - rate)), rate)
    alpha, beta, gamma, certified = parts
    return Momentum(name, alpha, beta, gamma, certified, mu, lipschitz)


def minimise(
    gradient: Callable[[np.ndarray], np.ndarray], start: np.ndarray, method: Momentum, *, rtol: float = 1e-6,
    most: int = 10_000,
) -> tuple[np.ndarray, list[float]]:  # fmt: skip
    """Return the last iterate and the gradient's norm at every y, until it is ``rtol`` of the first."""
    x = before = np.asarray(start, float)
    norms: list[float] = []
    for _ in range(most):
        slope = gradient(method.ahead(x, before))
        norms.append(float(np.linalg.norm(slope)))
        if norms[-1] <= rtol * norms[0]:
            break
        x, before = method.following(x, before, slope), x
    return x, norms
