"""Sums of random Gaussians: the family of manufactured solutions of UM2N (section 2 of its specification)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simplatform.envs.mesh.mesh import Floats

LARGEST = 6
"""Most Gaussians in a sum."""


@dataclass(frozen=True)
class Gaussians:
    """u(x) = Σ z·exp(−(x−μx)²/σx² − (y−μy)²/σy²); ``rows (6, 5)`` hold (z, μx, μy, σx, σy), others z = 0, σ = 1."""

    rows: Floats

    @classmethod
    def sample(cls, rng: np.random.Generator, low: Floats, high: Floats) -> Gaussians:
        """Draw 1 to 6 anisotropic Gaussians: z ~ U(0, 1), μ uniform in the box, σ ~ max(N(¼, ⅙), ⅛); three decimals."""
        rows = np.tile([0.0, 0.0, 0.0, 1.0, 1.0], (LARGEST, 1))
        for k in range(int(rng.integers(1, LARGEST + 1))):
            centre = rng.uniform(low, high)
            widths = np.maximum(np.round(rng.normal(1 / 4, 1 / 6, 2), 3), 1 / 8)
            rows[k] = np.round([rng.uniform(), *centre, *widths], 3)
        return cls(rows)

    def __call__(self, points: Floats) -> Floats:
        """Return u at points ``(..., 2)``."""
        return sum(self._terms(points, row)[0] for row in self._used())  # type: ignore[return-value]

    def gradient(self, points: Floats) -> Floats:
        """Return ∇u at points ``(..., 2)``, same shape."""
        total = np.zeros(np.shape(points))
        for row in self._used():
            value, scaled = self._terms(points, row)
            total += -2 * value[..., None] * scaled / row[3:]
        return total

    def laplacian(self, points: Floats) -> Floats:
        """Return Δu at points ``(..., 2)``."""
        total = np.zeros(np.shape(points)[:-1])
        for row in self._used():
            value, scaled = self._terms(points, row)
            total += value * ((4 * scaled**2 - 2) / row[3:] ** 2).sum(axis=-1)
        return total

    def _used(self) -> Floats:
        used = self.rows[self.rows[:, 0] != 0]
        return used if len(used) else self.rows[:1]

    @staticmethod
    def _terms(points: Floats, row: Floats) -> tuple[Floats, Floats]:
        scaled = (np.asarray(points) - row[1:3]) / row[3:]
        return row[0] * np.exp(-(scaled**2).sum(axis=-1)), scaled
