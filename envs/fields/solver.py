"""Spectral solutions of an equation: frames at equal distances, on any device, differentiable."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from simplatform.envs.fields.equations.base import Equation, Place
from simplatform.solvers.etdrk4 import ETDRK4


class SpectralSolver:
    """Advances fields ``(B, C, *points)`` of one equation by frames of ``substeps`` ETDRK4 steps each.

    A field that left the finite numbers stays there; nothing is checked on the way.
    """

    def __init__(
        self,
        equation: Equation,
        frame: float,
        substeps: int,
        dtype: torch.dtype = torch.float64,
        device: torch.device | str = "cpu",
    ) -> None:
        """Prepare steps of ``frame / substeps`` in the equation's unit of time."""
        place = Place(torch.device(device), dtype)
        self.equation, self.substeps, self._place = equation, substeps, place
        linear = equation.linear().to(place.device)
        self._stepper = ETDRK4(linear, frame / substeps, dtype.to_complex())
        self._nonlinear = equation.nonlinear(place)

    def advance(self, u: Tensor, frames: int = 1) -> Tensor:
        """Return the fields ``frames`` later."""
        v = self.equation.spectrum(u.to(self._place.device, self._place.dtype))
        return self.equation.fields(self._stepper.advance(v, frames * self.substeps, self._nonlinear))

    def trajectory(self, u: Tensor, frames: int, seen: Callable[[Tensor], Tensor] = lambda fields: fields) -> Tensor:
        """Return what is ``seen`` of the fields at all frames, the first included: ``(B, frames + 1, C, *points)``."""
        u = u.to(self._place.device, self._place.dtype)
        v, states = self.equation.spectrum(u), [seen(u)]
        for _ in range(frames):
            v = self._stepper.advance(v, self.substeps, self._nonlinear)
            states.append(seen(self.equation.fields(v)))
        return torch.stack(states, 1)
