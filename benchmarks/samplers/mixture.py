"""A mixture of Gaussians in the plane whose score is analytic, and a reference solution of its sampling ODE."""

from __future__ import annotations

import math
from functools import cache

import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from simplatform.policies.samplers import Denoiser, LinearVP, Path

MEANS = torch.tensor([[1.5, 0.0], [-1.0, 1.2], [-0.5, -1.4]], dtype=torch.float64)
DEVIATIONS = torch.tensor([0.3, 0.4, 0.25], dtype=torch.float64)
WEIGHTS = torch.tensor([0.5, 0.3, 0.2], dtype=torch.float64)


def mixture_noise(path: Path, x: Tensor, t: float) -> Tensor:
    """Return E[e | x_t = x] = −σ ∇ log p_t(x) for ``x (B, 2)``."""
    alpha, sigma = path.alpha(t), path.sigma(t)
    variance = alpha**2 * DEVIATIONS**2 + sigma**2
    offset = x[:, None] - alpha * MEANS
    logits = WEIGHTS.log() - variance.log() - 0.5 * offset.square().sum(-1) / variance
    return sigma * (logits.softmax(1)[..., None] * offset / variance[:, None]).sum(1)


def denoiser(path: Path, **settings: object) -> Denoiser:
    return Denoiser(lambda x, t: mixture_noise(path, x, t), path, "noise", **settings)


def noise(count: int = 100) -> Tensor:
    return torch.randn(count, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


@cache
def reference(path: Path, count: int = 100) -> Tensor:
    """Return the exact samples that ``noise(count)`` flows to, by DOP853 in λ."""
    start, end = path.log_snr(path.first), path.log_snr(path.last)

    def field(log_snr: float, y: object) -> object:
        t = path.time(log_snr)
        x = path.alpha(t) * torch.as_tensor(y).view(-1, 2)
        return (-math.exp(-log_snr) * mixture_noise(path, x, t)).flatten().numpy()

    y0 = (noise(count) / path.alpha(path.first)).flatten().numpy()
    found = solve_ivp(field, (start, end), y0, method="DOP853", rtol=1e-11, atol=1e-11)
    return path.alpha(path.last) * torch.as_tensor(found.y[:, -1]).view(-1, 2)


PATH = LinearVP(last=0.02)


def error(sampler: object, times: list[float], path: Path = PATH) -> float:
    """Return the root mean square distance to the reference."""
    found = sampler.sample(denoiser(path), noise(), times)
    return float((found - reference(path)).square().sum(1).mean().sqrt())
