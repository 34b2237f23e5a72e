"""The wave equation u_tt = c² Δu as a first-order system; linear, so that one step of any length is exact."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from simplatform.envs.fields.equations.base import Equation, Place
from simplatform.solvers.etdrk4 import Nonlinear


class Wave(Equation):
    """Fields are u and u_t, of zero mean u_t; ``speed`` is c.

    Spectra are those of u_t + i Ω u with Ω = c |k|, whose modes each turn at their own rate. (Where k = 0 it is
    u_t + i u, and stands still.)
    """

    channels: ClassVar[tuple[str, ...]] = ("u", "u_t")
    defaults: ClassVar[Mapping[str, float]] = {"speed": 1.0}

    def spectrum(self, u: Tensor) -> Tensor:
        """Return the spectrum of u_t + i Ω u ``(B, 1, *points)``."""
        axes = self._axes
        place, speed = (torch.fft.fftn(u[:, channel : channel + 1], dim=axes) for channel in (0, 1))
        answer: Tensor = speed + 1j * self._omega(u) * place
        return answer

    def fields(self, v: Tensor) -> Tensor:
        """Return u and u_t."""
        mirrored = _mirrored(v, self._axes).conj()  # the spectrum of the conjugate field
        speed, turned = (v + mirrored) / 2, (v - mirrored) / 2j
        place = turned / self._omega(v)
        return torch.cat([torch.fft.ifftn(part, dim=self._axes).real for part in (place, speed)], 1)

    def linear(self) -> Tensor:
        """Return i Ω, 0 where k = 0."""
        return 1j * self.parameter("speed") * self._wave_number()

    def nonlinear(self, place: Place) -> Nonlinear:
        """Return nothing: the equation is linear."""
        return torch.zeros_like

    def invariants(self, u: Tensor) -> dict[str, Tensor]:
        """Return the energy ∫ ½ u_t² + ½ c² |∇u|²."""
        turned = torch.fft.ifftn(self._omega(u) * torch.fft.fftn(u[:, :1], dim=self._axes), dim=self._axes).real
        centred = turned - turned.flatten(1).mean(1).reshape(-1, 1, *(1,) * self.grid.dim)
        return {"energy": self.mean(0.5 * u[:, 1] ** 2 + 0.5 * centred[:, 0] ** 2)}

    @property
    def _axes(self) -> tuple[int, ...]:
        return tuple(range(-self.grid.dim, 0))

    def _wave_number(self) -> Tensor:
        return torch.stack(torch.broadcast_tensors(*(k**2 for k in self.grid.full_waves))).sum(0).sqrt()

    def _omega(self, like: Tensor) -> Tensor:
        omega = self.parameter("speed") * self._wave_number()
        single = like.dtype in (torch.float32, torch.complex64)
        return torch.where(omega > 0, omega, 1.0).to(like.device, torch.float32 if single else torch.float64)


def _mirrored(v: Tensor, axes: tuple[int, ...]) -> Tensor:
    """Return the spectrum at −k."""
    return torch.roll(v.flip(axes), (1,) * len(axes), axes)
