"""Ridges: a boundary-value problem whose solution is one front or ridge of any direction across the domain."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simplatform.envs.mesh.geometry.mesh import Floats
from simplatform.envs.mesh.problems.helmholtz import Helmholtz


@dataclass(frozen=True)
class Ridge:
    """u(x) = exp(−((n·x − c)/w)²) in the plane; ``rows`` are the angle of n, c and w: ``(3,)``."""

    rows: Floats

    def __call__(self, points: Floats) -> Floats:
        """Return u at points ``(..., 2)``."""
        found: Floats = np.exp(-(self._across(points) ** 2))
        return found

    def gradient(self, points: Floats) -> Floats:
        """Return ∇u at points ``(..., 2)``, same shape."""
        across = self._across(points)
        found: Floats = (-2 * across * np.exp(-(across**2)) / self.rows[2])[..., None] * self._normal
        return found

    def laplacian(self, points: Floats) -> Floats:
        """Return Δu at points ``(..., 2)``."""
        across = self._across(points)
        found: Floats = (4 * across**2 - 2) * np.exp(-(across**2)) / self.rows[2] ** 2
        return found

    @property
    def _normal(self) -> Floats:
        return np.array([np.cos(self.rows[0]), np.sin(self.rows[0])])

    def _across(self, points: Floats) -> Floats:
        found: Floats = (np.asarray(points) @ self._normal - self.rows[1]) / self.rows[2]
        return found


class HelmholtzRidge(Helmholtz):
    """−Δu + u = f in Ω, u = u_exact on ∂Ω, a ridge through the middle half of the box."""

    kinds = ("triangle",)
    name = "helmholtz-ridge"
    exact: Ridge  # type: ignore[assignment]  # read as a function with a Laplacian, as a Gaussian sum is

    def __init__(self, exact: Ridge) -> None:
        """Take the exact solution."""
        self.exact, self.parameters = exact, exact.rows

    @classmethod
    def sample(cls, rng: np.random.Generator, low: Floats, high: Floats) -> HelmholtzRidge:
        """Draw a direction in 0…π, a place in the middle half of the box, a width of 0.05 to 0.15 of its extent."""
        angle, width = rng.uniform(0, np.pi), rng.uniform(0.05, 0.15) * float(np.max(high - low))
        place = rng.uniform(low + (high - low) / 4, high - (high - low) / 4)
        return cls(Ridge(np.array([angle, place @ [np.cos(angle), np.sin(angle)], width])))


class PoissonRidge(HelmholtzRidge):
    """−Δu = f in Ω, u = u_exact on ∂Ω, likewise."""

    name = "poisson-ridge"
    reaction = 0.0
