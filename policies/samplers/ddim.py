"""DDIM (Song et al., 2021, arXiv:2010.02502), deterministic; the same as DPM-Solver-1 and as tAB0 of DEIS."""

from __future__ import annotations

from torch import Tensor

from simplatform.policies.samplers.base import OneStep, transfer
from simplatform.policies.samplers.denoiser import Denoiser


class DDIM(OneStep):
    """Keeps the noise constant over a step; exact where it is."""

    order = 1

    def step(self, denoiser: Denoiser, x: Tensor, s: float, t: float) -> Tensor:
        """Return the state at ``t``."""
        return transfer(denoiser.path, x, denoiser.noise(x, s), s, t)
