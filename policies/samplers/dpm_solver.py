"""DPM-Solver-2 and -3: exponential Runge–Kutta methods in λ (Lu et al., 2022, arXiv:2206.00927, algorithms 4 and 5).

The first-order member is ``DDIM``. With few evaluations a multistep method is better: at six, DPM-Solver-3 has only two
steps.
"""

from __future__ import annotations

import math

from torch import Tensor

from simplatform.policies.samplers.base import OneStep, transfer
from simplatform.policies.samplers.denoiser import Denoiser


class DPMSolver2(OneStep):
    """Two evaluations a step: the second at the middle of the step in λ."""

    order, evaluations = 2, 2

    def step(self, denoiser: Denoiser, x: Tensor, s: float, t: float) -> Tensor:
        """Return the state at ``t``."""
        path = denoiser.path
        start, h = path.log_snr(s), path.log_snr(t) - path.log_snr(s)
        middle = path.time(start + h / 2)
        noise = denoiser.noise(x, s)
        change = denoiser.noise(transfer(path, x, noise, s, middle), middle) - noise
        return transfer(path, x, noise, s, t) - path.sigma(t) * math.expm1(h) * change


class DPMSolver3(OneStep):
    """Three evaluations a step: at 0, 1/3 and 2/3 of the step in λ."""

    order, evaluations = 3, 3

    def step(self, denoiser: Denoiser, x: Tensor, s: float, t: float) -> Tensor:
        """Return the state at ``t``."""
        path = denoiser.path
        start, h = path.log_snr(s), path.log_snr(t) - path.log_snr(s)
        one, two = path.time(start + h / 3), path.time(start + 2 * h / 3)
        noise = denoiser.noise(x, s)
        first = denoiser.noise(transfer(path, x, noise, s, one), one) - noise
        u = transfer(path, x, noise, s, two) - 2 * path.sigma(two) * _phi(2 * h / 3) * first
        second = denoiser.noise(u, two) - noise
        return transfer(path, x, noise, s, t) - 1.5 * path.sigma(t) * _phi(h) * second


def _phi(h: float) -> float:
    """Return (e^h − 1)/h − 1."""
    return math.expm1(h) / h - 1
