"""PNDM as published (Liu et al., 2022, arXiv:2202.09778): PLMS after three pseudo Runge–Kutta steps."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from simplatform.policies.samplers.base import Sampler, Spacing, transfer
from simplatform.policies.samplers.denoiser import Denoiser
from simplatform.policies.samplers.plms import combined

WARM, COST = 3, 4


class PNDM(Sampler):
    """Its first three steps cost four evaluations each. Order two, as ``plms``: the transfer is not linear in t."""

    order = 2
    spacing: Spacing = "time"
    evaluations = COST

    def steps(self, nfe: int) -> int:
        """Return how many steps ``nfe`` evaluations pay: nfe − 9, or a quarter of few."""
        super().steps(nfe)
        return nfe - WARM * (COST - 1) if nfe > WARM * COST else nfe // COST

    def _sample(self, denoiser: Denoiser, x: Tensor, times: Sequence[float]) -> Tensor:
        seen: list[Tensor] = []
        for i, (s, t) in enumerate(pairwise(times)):
            seen = [denoiser.noise(x, s), *seen[:3]]
            noise = _runge_kutta(denoiser, x, seen[0], s, t) if i < WARM else combined(seen)
            x = transfer(denoiser.path, x, noise, s, t)
        return x


def _runge_kutta(denoiser: Denoiser, x: Tensor, first: Tensor, s: float, t: float) -> Tensor:
    """Return the average of four noise predictions, as in the classical method with transfers for its stages."""
    path, middle = denoiser.path, 0.5 * (s + t)
    second = denoiser.noise(transfer(path, x, first, s, middle), middle)
    third = denoiser.noise(transfer(path, x, second, s, middle), middle)
    fourth = denoiser.noise(transfer(path, x, third, s, t), t)
    return (first + 2 * second + 2 * third + fourth) / 6
