"""Kuramoto–Sivashinsky: u_t = −½ (u²)_x − u_xx − ν u_xxxx (Kuramoto, 1978; Sivashinsky, 1977)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor

from simplatform.envs.fields.equations.flux import QuadraticFlux


class KuramotoSivashinsky(QuadraticFlux):
    """Chaotic from lengths of about 22 on; ``viscosity`` is ν."""

    defaults: ClassVar[Mapping[str, float]] = {"viscosity": 1.0}
    flux: ClassVar[float] = -0.5

    def linear(self) -> Tensor:
        """Return k² − ν k⁴."""
        square = self.grid.square
        return square - self.parameter("viscosity") * square**2
