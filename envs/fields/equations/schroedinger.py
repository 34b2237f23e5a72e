"""The focusing nonlinear Schrödinger equation i ψ_t + ½ Δψ + |ψ|² ψ = 0 (Zakharov & Shabat, 1972)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from simplatform.envs.fields.equations.base import Equation, Place
from simplatform.solvers.etdrk4 import Nonlinear


class Schroedinger(Equation):
    """Fields are the real and the imaginary part of ψ; spectra are those of ψ, over all modes.

    ``strength`` multiplies |ψ|² ψ; negative, it defocuses.
    """

    channels: ClassVar[tuple[str, ...]] = ("real", "imaginary")
    defaults: ClassVar[Mapping[str, float]] = {"strength": 1.0}

    def spectrum(self, u: Tensor) -> Tensor:
        """Return the spectrum of ψ ``(B, 1, *points)``."""
        answer: Tensor = torch.fft.fftn(torch.complex(u[:, :1], u[:, 1:]), dim=self._axes)
        return answer

    def fields(self, v: Tensor) -> Tensor:
        """Return both parts of ψ."""
        psi = torch.fft.ifftn(v, dim=self._axes)
        return torch.cat((psi.real, psi.imag), 1)

    def linear(self) -> Tensor:
        """Return −½ i |k|²."""
        return (-0.5j * self._square())[None, None]

    def nonlinear(self, place: Place) -> Nonlinear:
        """Return i |ψ|² ψ."""
        gain = place(1j * self.parameter("strength") * self.grid.full_kept(3))
        axes = self._axes

        def rate(v: Tensor) -> Tensor:
            psi = torch.fft.ifftn(v, dim=axes)
            answer: Tensor = gain * torch.fft.fftn((psi.real**2 + psi.imag**2) * psi, dim=axes)
            return answer

        return rate

    def invariants(self, u: Tensor) -> dict[str, Tensor]:
        """Return mass ∫|ψ|² and energy ∫ ½|∇ψ|² − ½ s |ψ|⁴."""
        psi = torch.complex(u[:, :1], u[:, 1:])
        spectrum = torch.fft.fftn(psi, dim=self._axes)
        density = (psi.abs() ** 2)[:, 0]
        slopes = [torch.fft.ifftn(1j * k.to(u.device) * spectrum, dim=self._axes) for k in self.grid.full_waves]
        kinetic = torch.stack([(slope.abs() ** 2)[:, 0] for slope in slopes]).sum(0)
        strength = self.parameter("strength")[:, 0].to(u.device)
        return {"mass": self.mean(density), "energy": self.mean(0.5 * kinetic - 0.5 * strength * density**2)}

    @property
    def _axes(self) -> tuple[int, ...]:
        return tuple(range(-self.grid.dim, 0))

    def _square(self) -> Tensor:
        return torch.stack(torch.broadcast_tensors(*(k**2 for k in self.grid.full_waves))).sum(0)
