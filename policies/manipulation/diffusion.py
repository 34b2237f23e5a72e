"""Discrete diffusion with the squared-cosine schedule (Nichol & Dhariwal, 2021) and DDIM steps (Song et al., 2021).

Indices k run from 0 (nearly data) to ``steps − 1`` (nearly noise): x_k = √ᾱ_k x + √(1 − ᾱ_k) e.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import torch
from torch import Tensor

MAX_BETA = 0.999
OFFSET = 0.008


def squared_cosine(steps: int) -> Tensor:
    """Return ᾱ ``(steps,)``: products of 1 − β_k, β_k = 1 − c((k+1)/n)/c(k/n), c(t) = cos²(π/2 (t+s)/(1+s))."""

    def level(k: int) -> float:
        return math.cos((k / steps + OFFSET) / (1 + OFFSET) * math.pi / 2) ** 2

    betas = [min(1 - level(k + 1) / level(k), MAX_BETA) for k in range(steps)]
    return torch.cumprod(1 - torch.tensor(betas, dtype=torch.float32), 0)


def noised(x: Tensor, noise: Tensor, level: Tensor) -> Tensor:
    """Return √ᾱ x + √(1 − ᾱ) e for ᾱ ``(B,)``."""
    level = level[:, None, None]
    return level.sqrt() * x + (1 - level).sqrt() * noise


def ddim_indices(steps: int, nfe: int) -> list[int]:
    """Return the indices that ``nfe`` DDIM steps visit, from noise to data: multiples of ``steps // nfe``."""
    return [i * (steps // nfe) for i in reversed(range(nfe))]


def trailing(steps: int, nfe: int) -> list[int]:
    """Return ``nfe`` indices, evenly spaced, the first of them the noisiest (Lin et al., 2024, table 2)."""
    return [round(steps * (nfe - i) / nfe) - 1 for i in range(nfe)]


def ddim(
    predict: Callable[[Tensor, int], Tensor],
    noise: Tensor,
    levels: Sequence[float],
    indices: Sequence[int],
    clip: float = 1.0,
) -> Tensor:
    """Return the sample that deterministic DDIM steps reach from ``noise``.

    ``predict(x, k)`` returns the data that the network sees in x; ``levels`` are ᾱ. As in diffusers' ``DDIMScheduler``
    (``clip_sample``, ``set_alpha_to_one``), the clean sample is clipped after the noise was read off, and the last step
    ends at ᾱ = 1.
    """
    x, alphas = noise, [*(levels[k] for k in indices), 1.0]
    for k, now, then in zip(indices, alphas, alphas[1:], strict=False):
        data = predict(x, k)
        direction = (x - math.sqrt(now) * data) / math.sqrt(1 - now)
        x = math.sqrt(then) * data.clamp(-clip, clip) + math.sqrt(1 - then) * direction
    return x
