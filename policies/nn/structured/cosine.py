"""The orthonormal cosine transform DCT-II and its inverse, by a real Fourier transform of twice the length."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def dct(x: Tensor) -> Tensor:
    """Return the orthonormal DCT-II of the last axis (Ahmed, Natarajan & Rao, 1974)."""
    n = x.shape[-1]
    spectrum = torch.fft.rfft(torch.cat([x, x.flip(-1)], dim=-1))[..., :n]
    answer: Tensor = (spectrum * _twiddle(n, -1, x)).real * _scale(n, x) / 2
    return answer


def inverse_dct(y: Tensor) -> Tensor:
    """Return the inverse of ``dct``."""
    n = y.shape[-1]
    spectrum = y / _scale(n, y) * _twiddle(n, 1, y)
    answer: Tensor = torch.fft.irfft(torch.nn.functional.pad(spectrum, (0, 1)), 2 * n)[..., :n] * 2
    return answer


def dct_matrix(n: int, like: Tensor) -> Tensor:
    """Return C with ``C x = dct(x)``, ``(n, n)``."""
    return dct(torch.eye(n, dtype=like.dtype, device=like.device)).T


def _twiddle(n: int, sign: int, like: Tensor) -> Tensor:
    angle = sign * math.pi / (2 * n) * torch.arange(n, dtype=like.dtype, device=like.device)
    return torch.polar(torch.ones_like(angle), angle)


def _scale(n: int, like: Tensor) -> Tensor:
    scale = torch.full((n,), math.sqrt(2 / n), dtype=like.dtype, device=like.device)
    scale[0] = math.sqrt(1 / n)
    return scale
