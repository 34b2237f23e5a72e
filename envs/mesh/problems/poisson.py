"""Poisson: −Δu = f with a random Gaussian sum as exact solution (UM2N, section 2)."""

from __future__ import annotations

from typing import ClassVar

from simplatform.envs.mesh.problems.helmholtz import Helmholtz


class Poisson(Helmholtz):
    """−Δu = f in Ω, u = u_exact on ∂Ω."""

    name = "poisson"
    reaction: ClassVar[float] = 0.0
