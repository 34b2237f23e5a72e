"""BDIA: exact inversion of diffusion by averaging two directions of time (Zhang et al., 2023, arXiv:2307.10829).

Convention here: z⁺ = z + γ (z⁻ − z) + Δ(→ t⁺) − γ Δ(→ t⁻), where Δ are the DDIM increments at the present state.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from simplatform.errors import SolverError
from simplatform.policies.samplers.base import Sampler, transfer
from simplatform.policies.samplers.denoiser import Denoiser

WORST = 1e-3


class BDIA(Sampler):
    """Second order for γ = 1, else first. Inversion needs the last *two* states and multiplies rounding by γ^(−n)."""

    def __init__(self, gamma: float = 1.0) -> None:
        """Set γ.

        Raises:
            SolverError: γ outside (0, 1].
        """
        if not 0 < gamma <= 1:
            raise SolverError(f"gamma must lie in (0, 1], got {gamma}")
        self.gamma, self.order = gamma, 2 if gamma == 1 else 1

    def last_two(self, denoiser: Denoiser, x: Tensor, times: Sequence[float]) -> tuple[Tensor, Tensor]:
        """Return the states at the last two times: what ``invert`` needs."""
        past, now = x, transfer(denoiser.path, x, denoiser.noise(x, times[0]), times[0], times[1])
        for i in range(1, len(times) - 1):
            forth, back = self._increments(denoiser, now, times[i - 1 : i + 2])
            past, now = now, now + self.gamma * (past - now) + forth - self.gamma * back
        return past, now

    def invert(self, denoiser: Denoiser, last_two: tuple[Tensor, Tensor], times: Sequence[float]) -> Tensor:
        """Return the state at ``times[0]`` that ``last_two`` came from.

        Raises:
            SolverError: γ^(−n) would multiply rounding beyond 1e-3.
        """
        growth = self.gamma ** -(len(times) - 2) * torch.finfo(last_two[0].dtype).eps
        if growth > WORST:
            raise SolverError(
                f"inversion over {len(times) - 1} steps with gamma={self.gamma} amplifies rounding to {growth:.1e}; "
                "use gamma=1, float64 or fewer steps"
            )
        now, later = last_two
        for i in range(len(times) - 2, 0, -1):
            forth, back = self._increments(denoiser, now, times[i - 1 : i + 2])
            now, later = now + (later - now - forth + self.gamma * back) / self.gamma, now
        return now

    def _increments(self, denoiser: Denoiser, z: Tensor, times: Sequence[float]) -> tuple[Tensor, Tensor]:
        before, here, after = times
        noise = denoiser.noise(z, here)
        path = denoiser.path
        return transfer(path, z, noise, here, after) - z, transfer(path, z, noise, here, before) - z

    def _sample(self, denoiser: Denoiser, x: Tensor, times: Sequence[float]) -> Tensor:
        return self.last_two(denoiser, x, times)[1]
