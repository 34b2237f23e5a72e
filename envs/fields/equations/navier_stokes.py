"""Navier–Stokes in two dimensions, by vorticity: ω_t = −u·∇ω + ν Δω − α ω + f, u = (ψ_y, −ψ_x), Δψ = −ω."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from simplatform.envs.fields.equations.base import Equation, Place
from simplatform.solvers.etdrk4 import Nonlinear


class NavierStokes(Equation):
    """``viscosity`` ν, ``drag`` α, and Kolmogorov's forcing: f = −A k cos(k y) with ``forcing`` A, ``wave`` k.

    ``wave`` counts periods over the box. Without forcing and drag the flow decays.
    """

    channels: ClassVar[tuple[str, ...]] = ("vorticity",)
    defaults: ClassVar[Mapping[str, float]] = {"viscosity": 1e-3, "drag": 0.0, "forcing": 0.0, "wave": 4.0}
    dims: ClassVar[tuple[int, ...]] = (2,)

    def linear(self) -> Tensor:
        """Return −ν |k|² − α."""
        return -self.parameter("viscosity") * self.grid.square - self.parameter("drag")

    def nonlinear(self, place: Place) -> Nonlinear:
        """Return −u·∇ω, and the forcing, which has no mean."""
        grid = self.grid
        kx, ky = (1j * k * grid.kept() for k in torch.broadcast_tensors(*grid.waves))
        inverse = torch.where(grid.square > 0, 1 / grid.square.clamp_min(1e-300), 0.0)
        maps = place(torch.stack((kx, ky, ky * inverse, -kx * inverse)))
        kept, force = place(grid.kept().double()), place(self._force())

        def rate(v: Tensor) -> Tensor:
            slope_x, slope_y, speed_x, speed_y = grid.inverse(maps * v).unbind(1)
            carried = (speed_x * slope_x + speed_y * slope_y)[:, None]
            return force - kept * grid.transform(carried)

        return rate

    def _force(self) -> Tensor:
        y, length = self.grid.places()[1], self.grid.lengths[1]
        wave = 2 * torch.pi / length * self.parameter("wave")
        return self.grid.transform(-self.parameter("forcing") * wave * torch.cos(wave * y))

    def invariants(self, u: Tensor) -> dict[str, Tensor]:
        """Return ∫ω, zero; and where nothing forces or damps, energy and enstrophy, which only viscosity takes."""
        return {"mean": self.mean(u[:, 0])}

    def energy(self, u: Tensor) -> Tensor:
        """Return ∫ ½ |velocity|² of vorticities ``(B, 1, *points)``: ``(B,)``."""
        grid = self.grid
        square = grid.square.to(u.device)
        root = torch.where(square > 0, square.clamp_min(1e-300).rsqrt(), 0.0)
        return 0.5 * self.mean(grid.inverse(root * grid.transform(u))[:, 0] ** 2)

    def enstrophy(self, u: Tensor) -> Tensor:
        """Return ∫ ½ ω²."""
        return 0.5 * self.mean(u[:, 0] ** 2)
