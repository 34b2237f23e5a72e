"""Korteweg–de Vries: u_t = −6 u u_x − ε u_xxx (Korteweg & de Vries, 1895); integrable."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from simplatform.envs.fields.equations.flux import QuadraticFlux
from simplatform.envs.fields.grid import Grid


class KortewegDeVries(QuadraticFlux):
    """``dispersion`` is ε; with ε = 1 a soliton of speed c is ½ c sech²(½ √c (x − c t))."""

    defaults: ClassVar[Mapping[str, float]] = {"dispersion": 1.0}
    flux: ClassVar[float] = -3.0

    def linear(self) -> Tensor:
        """Return i ε k³, with the Nyquist mode, whose odd derivatives are zero, left out."""
        k = self.grid.waves[0].clone()
        k[-1] = 0
        return 1j * self.parameter("dispersion") * k**3

    def invariants(self, u: Tensor) -> dict[str, Tensor]:
        """Return ∫u, ∫u² and, by the spectral derivative, the energy ∫ ½ ε u_x² − u³."""
        grid = self.grid
        slope = grid.inverse(1j * grid.waves[0].to(u.device) * grid.transform(u))[:, 0]
        field, epsilon = u[:, 0], self.parameter("dispersion").reshape(-1, 1).to(u.device)
        energy = 0.5 * epsilon * slope**2 - field**3
        return {"mean": self.mean(field), "momentum": self.mean(field**2), "energy": self.mean(energy)}


def soliton(grid: Grid, speed: float, centre: float) -> Tensor:
    """Return a soliton ``(1, 1, N)`` for ε = 1, float64."""
    x, length = grid.places()[0], grid.lengths[0]
    gap = (x - centre + length / 2) % length - length / 2
    return (0.5 * speed / torch.cosh(0.5 * speed**0.5 * gap) ** 2)[None, None]
