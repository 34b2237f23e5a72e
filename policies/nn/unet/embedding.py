"""Embedding of a diffusion or flow time."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

import simplatform.policies.nn.unet.dual as dual
from simplatform.policies.nn.unet.dual import Dual


def sinusoidal(time: Dual, size: int) -> Dual:
    """Return ``[sin(ω t), cos(ω t)]`` with ω_i = exp(−i ln 10⁴/(size/2 − 1)), ``(B, size)`` (Vaswani et al., 2017)."""
    half = size // 2
    steps = torch.arange(half, device=time.value.device, dtype=time.value.dtype)
    frequencies = torch.exp(steps * (-math.log(10_000) / (half - 1)))
    phase = time.value[:, None] * frequencies
    sine, cosine = phase.sin(), phase.cos()
    value = torch.cat([sine, cosine], 1)
    if time.tangent is None:
        return Dual(value)
    rows = len(time.tangent)
    speed = time.tangent[:, None] * frequencies
    return Dual(value, torch.cat([speed * cosine[:rows], -speed * sine[:rows]], 1))


class TimeEmbedding(nn.Module):
    """Sinusoidal features of ``scale`` times a time ``(B,)``, then Linear, Mish, Linear: ``(B, size)``."""

    def __init__(self, size: int, scale: float = 1.0) -> None:
        super().__init__()
        self.size, self.scale = size, scale
        self.inner = nn.Linear(size, 4 * size)
        self.outer = nn.Linear(4 * size, size)

    def embed(self, time: Dual) -> Dual:
        """Embed a time that may carry a tangent."""
        scaled = Dual(self.scale * time.value, None if time.tangent is None else self.scale * time.tangent)
        hidden = dual.mish(dual.linear(sinusoidal(scaled, self.size), self.inner.weight, self.inner.bias))
        return dual.linear(hidden, self.outer.weight, self.outer.bias)

    def forward(self, time: Tensor) -> Tensor:
        """Embed a time ``(B,)``."""
        return self.embed(Dual(time)).value
