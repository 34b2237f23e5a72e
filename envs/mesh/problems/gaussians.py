"""Sums of random Gaussians: the family of manufactured solutions of UM2N (section 2 of its specification)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simplatform.envs.mesh.geometry.mesh import Floats

LARGEST = 6
"""Most Gaussians in a sum."""


@dataclass(frozen=True)
class Gaussians:
    """u(x) = Σ z·exp(−(x−μx)²/σx² − (y−μy)²/σy²) in d dimensions; ``rows (6, 1 + 2d)`` hold (z, μ, σ), unused ones
    z = 0, σ = 1.
    """

    rows: Floats

    @classmethod
    def sample(cls, rng: np.random.Generator, low: Floats, high: Floats) -> Gaussians:
        """Draw 1 to 6 anisotropic Gaussians: z ~ U(0, 1), μ uniform in the box, σ ~ max(N(¼, ⅙), ⅛); three decimals."""
        dim = len(low)
        rows = np.tile(np.repeat([0.0, 1.0], [1 + dim, dim]), (LARGEST, 1))
        for k in range(int(rng.integers(1, LARGEST + 1))):
            centre = rng.uniform(low, high)
            widths = np.maximum(np.round(rng.normal(1 / 4, 1 / 6, dim), 3), 1 / 8)
            rows[k] = np.round([rng.uniform(), *centre, *widths], 3)
        return cls(rows)

    def __call__(self, points: Floats) -> Floats:
        """Return u at points ``(..., d)``."""
        total = np.zeros(np.shape(points)[:-1])
        for row in self._used():
            total = total + self._terms(points, row)[0]
        return total

    def gradient(self, points: Floats) -> Floats:
        """Return ∇u at points ``(..., d)``, same shape."""
        total = np.zeros(np.shape(points))
        for row in self._used():
            value, scaled = self._terms(points, row)
            total += -2 * value[..., None] * scaled / self._widths(row)
        return total

    def laplacian(self, points: Floats) -> Floats:
        """Return Δu at points ``(..., d)``."""
        total = np.zeros(np.shape(points)[:-1])
        for row in self._used():
            value, scaled = self._terms(points, row)
            total += value * ((4 * scaled**2 - 2) / self._widths(row) ** 2).sum(axis=-1)
        return total

    def _used(self) -> Floats:
        used = self.rows[self.rows[:, 0] != 0]
        return used if len(used) else self.rows[:1]

    @staticmethod
    def _widths(row: Floats) -> Floats:
        return row[1 + len(row) // 2 :]

    def _terms(self, points: Floats, row: Floats) -> tuple[Floats, Floats]:
        widths = self._widths(row)
        scaled = (np.asarray(points) - row[1 : 1 + len(widths)]) / widths
        return row[0] * np.exp(-(scaled**2).sum(axis=-1)), scaled
