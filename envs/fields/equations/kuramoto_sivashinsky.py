"""Kuramoto–Sivashinsky: u_t = −½ (u²)_x − u_xx − ν u_xxxx (Kuramoto, 1978; Sivashinsky, 1977)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from simplatform.envs.fields.equations.base import Equation, Place
from simplatform.solvers.etdrk4 import Nonlinear


class KuramotoSivashinsky(Equation):
    """Chaotic from lengths of about 22 on; ``viscosity`` is ν."""

    channels: ClassVar[tuple[str, ...]] = ("u",)
    defaults: ClassVar[Mapping[str, float]] = {"viscosity": 1.0}
    dims: ClassVar[tuple[int, ...]] = (1,)

    def linear(self) -> Tensor:
        """Return k² − ν k⁴."""
        square = self.grid.square
        return square - self.parameter("viscosity") * square**2

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
