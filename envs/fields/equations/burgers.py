"""Burgers: u_t + u·∇u = ν Δu, one velocity for each direction (Burgers, 1948)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from simplatform.envs.fields.equations.base import Equation, Place
from simplatform.solvers.etdrk4 import Nonlinear


class Burgers(Equation):
    """``viscosity`` is ν. In one direction the flux form −½ (u²)_x, which keeps ∫u."""

    channels: ClassVar[tuple[str, ...]] = ("u",)
    defaults: ClassVar[Mapping[str, float]] = {"viscosity": 0.01}
    dims: ClassVar[tuple[int, ...]] = (1,)

    def linear(self) -> Tensor:
        """Return −ν |k|²."""
        return -self.parameter("viscosity") * self.grid.square

    def nonlinear(self, place: Place) -> Nonlinear:
        """Return −½ (u²)_x."""
        slope = place(-0.5j * self.grid.waves[0] * self.grid.kept())
        grid = self.grid

        def rate(v: Tensor) -> Tensor:
            u = grid.inverse(v)
            return slope * grid.transform(u * u)

        return rate

    def invariants(self, u: Tensor) -> dict[str, Tensor]:
        """Return ∫u."""
        return {"mean": self.mean(u[:, 0])}


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
