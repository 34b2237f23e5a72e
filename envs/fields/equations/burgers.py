"""Burgers: u_t + u·∇u = ν Δu, one velocity for each direction (Burgers, 1948)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from simplatform.envs.fields.equations.base import Equation, Place
from simplatform.envs.fields.equations.flux import QuadraticFlux
from simplatform.solvers.etdrk4 import Nonlinear


class Burgers(QuadraticFlux):
    """``viscosity`` is ν. In one direction the flux form −½ (u²)_x, which keeps ∫u."""

    defaults: ClassVar[Mapping[str, float]] = {"viscosity": 0.01}
    flux: ClassVar[float] = -0.5

    def linear(self) -> Tensor:
        """Return −ν |k|²."""
        return -self.parameter("viscosity") * self.grid.square


class VectorBurgers(Equation):
    """The same for two velocities in two directions."""

    channels: ClassVar[tuple[str, ...]] = ("u", "v")
    defaults: ClassVar[Mapping[str, float]] = {"viscosity": 0.01}
    dims: ClassVar[tuple[int, ...]] = (2,)

    def linear(self) -> Tensor:
        """Return −ν |k|²."""
        return -self.parameter("viscosity") * self.grid.square

    def nonlinear(self, place: Place) -> Nonlinear:
        """Return −(u·∇)u."""
        grid = self.grid
        slopes = [place(1j * k * grid.kept()) for k in grid.waves]
        kept = place(grid.kept().double())

        def rate(v: Tensor) -> Tensor:
            u = grid.inverse(v * kept)
            parts = [u[:, axis : axis + 1] * grid.inverse(slope * v) for axis, slope in enumerate(slopes)]
            carried = sum(parts[1:], parts[0])
            return -kept * grid.transform(carried)

        return rate
