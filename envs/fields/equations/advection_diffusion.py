"""Advection and diffusion: u_t = −c·∇u + ν Δu; linear, so that one step of any length is exact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from simplatform.envs.fields.equations.base import Equation, Place
from simplatform.solvers.etdrk4 import Nonlinear


class AdvectionDiffusion(Equation):
    """``velocity`` is the same along all directions; ``diffusivity`` is ν."""

    channels: ClassVar[tuple[str, ...]] = ("u",)
    defaults: ClassVar[Mapping[str, float]] = {"velocity": 1.0, "diffusivity": 0.0}

    def linear(self) -> Tensor:
        """Return −i c·k − ν |k|², the Nyquist modes not advected."""
        drift = torch.zeros(self.grid.modes, dtype=torch.float64)
        for k, n, length in zip(self.grid.waves, self.grid.points, self.grid.lengths, strict=True):
            drift = drift + torch.where(k.abs() < torch.pi * n / length * (1 - 1e-9), k, 0.0)
        return -1j * self.parameter("velocity") * drift - self.parameter("diffusivity") * self.grid.square

    def nonlinear(self, place: Place) -> Nonlinear:
        """Return nothing: the equation is linear."""
        return torch.zeros_like

    def invariants(self, u: Tensor) -> dict[str, Tensor]:
        """Return ∫u."""
        return {"mean": self.mean(u[:, 0])}
