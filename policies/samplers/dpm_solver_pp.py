"""DPM-Solver++: exponential methods on the data prediction (Lu et al., 2022, arXiv:2211.01095)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from torch import Tensor

from simplatform.policies.samplers.base import OneStep, Sampler
from simplatform.policies.samplers.denoiser import Denoiser
from simplatform.policies.samplers.path import Path


class DPMSolverPP2S(OneStep):
    """Two evaluations a step (algorithm 1): the second at the middle of the step in λ."""

    order, evaluations = 2, 2

    def step(self, denoiser: Denoiser, x: Tensor, s: float, t: float) -> Tensor:
        """Return the state at ``t``."""
        path = denoiser.path
        middle = path.time((path.log_snr(s) + path.log_snr(t)) / 2)
        data = denoiser.data(x, s)
        return advance(path, x, denoiser.data(advance(path, x, data, s, middle), middle), s, t)


class DPMSolverPP2M(Sampler):
    """One evaluation a step (algorithm 2), after a first step of order one."""

    order = 2

    def _sample(self, denoiser: Denoiser, x: Tensor, times: Sequence[float]) -> Tensor:
        path, logs = denoiser.path, [denoiser.path.log_snr(t) for t in times]
        before: Tensor | None = None
        for i, (s, t) in enumerate(pairwise(times)):
            data = now = denoiser.data(x, s)
            if before is not None:
                ratio = (logs[i] - logs[i - 1]) / (logs[i + 1] - logs[i])
                data = now + (now - before) / (2 * ratio)
            x, before = advance(path, x, data, s, t), now
        return x


class DPMSolverPP3M(Sampler):
    """One evaluation a step with two derivatives in λ (the authors' program, ``3M``).

    The steps of order one and two that it starts with keep the measured order near 2 (2.3 on the test mixture).
    """

    order = 2

    def _sample(self, denoiser: Denoiser, x: Tensor, times: Sequence[float]) -> Tensor:
        path, logs = denoiser.path, [denoiser.path.log_snr(t) for t in times]
        seen: list[Tensor] = []
        for i, (s, t) in enumerate(pairwise(times)):
            seen = [denoiser.data(x, s), *seen[:2]]
            x = _third(path, x, seen, logs[max(i - 2, 0) : i + 2], s, t)
        return x


def advance(path: Path, x: Tensor, data: Tensor, s: float, t: float) -> Tensor:
    """Move from ``s`` to ``t`` as if the data prediction stayed as it is: (σ_t/σ_s) x + (α_t − α_s σ_t/σ_s) x0."""
    ratio = path.sigma(t) / path.sigma(s)
    return ratio * x + (path.alpha(t) - path.alpha(s) * ratio) * data


def _third(path: Path, x: Tensor, seen: list[Tensor], logs: list[float], s: float, t: float) -> Tensor:
    """Add the first and second derivative in λ to a first-order step, as far as ``seen`` allows."""
    h, alpha = logs[-1] - logs[-2], path.alpha(t)
    phi1 = math.expm1(-h)
    phi2 = phi1 / h + 1
    x = advance(path, x, seen[0], s, t)
    if len(seen) == 1:
        return x
    slope = (seen[0] - seen[1]) / ((logs[-2] - logs[-3]) / h)
    if len(seen) == 2:
        return x + alpha * phi2 * slope
    r0, r1 = (logs[-2] - logs[-3]) / h, (logs[-3] - logs[-4]) / h
    older = (seen[1] - seen[2]) / r1
    first, second = slope + r0 / (r0 + r1) * (slope - older), (slope - older) / (r0 + r1)
    return x + alpha * phi2 * first - alpha * (phi2 / h - 0.5) * second
