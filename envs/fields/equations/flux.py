"""What Burgers, Kuramoto–Sivashinsky and Korteweg–de Vries share: one field, carried by itself."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from simplatform.envs.fields.equations.base import Equation, Place
from simplatform.solvers.etdrk4 import Nonlinear


class QuadraticFlux(Equation):
    """``N(u) = flux · (u²)_x`` in one direction, which keeps ∫u."""

    channels: ClassVar[tuple[str, ...]] = ("u",)
    dims: ClassVar[tuple[int, ...]] = (1,)
    flux: ClassVar[float]

    def nonlinear(self, place: Place) -> Nonlinear:
        """Return flux · (u²)_x."""
        slope = place(1j * self.flux * self.grid.waves[0] * self.grid.kept())
        grid = self.grid

        def rate(v: Tensor) -> Tensor:
            u = grid.inverse(v)
            return slope * grid.transform(u * u)

        return rate

    def invariants(self, u: Tensor) -> dict[str, Tensor]:
        """Return ∫u."""
        return {"mean": self.mean(u[:, 0])}
