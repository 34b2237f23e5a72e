"""Allen–Cahn: u_t = ε² Δu + u − u³ (Allen & Cahn, 1979): phases that part, and fronts that shrink."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from simplatform.envs.fields.equations.base import Equation, Place
from simplatform.solvers.etdrk4 import Nonlinear


class AllenCahn(Equation):
    """``width`` is ε, the width of a front."""

    channels: ClassVar[tuple[str, ...]] = ("u",)
    defaults: ClassVar[Mapping[str, float]] = {"width": 0.05}

    def linear(self) -> Tensor:
        """Return 1 − ε² |k|²."""
        return 1 - self.parameter("width") ** 2 * self.grid.square

    def nonlinear(self, place: Place) -> Nonlinear:
        """Return −u³, of the modes that the 2/3 rule keeps."""
        grid, kept = self.grid, place(self.grid.kept(3).double())

        def rate(v: Tensor) -> Tensor:
            return -kept * grid.transform(grid.inverse(v * kept) ** 3)

        return rate
