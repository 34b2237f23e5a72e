"""Products with Hankel matrices by Fourier transforms, and their exact gradients from the same spectra.

``y_i = Σ_j h_{i+j} x_j`` is a correlation: y = irfft(rfft(h) · conj(rfft(x)))[:n] at any length m ≥ 2n − 1. A square
Hankel matrix is symmetric, so ∂L/∂x is the same product with ∂L/∂y; ∂L/∂h is the convolution of ∂L/∂y with x.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def transform_length(n: int) -> int:
    """Return the power of two at or above 2n − 1."""
    return 1 << max(2 * n - 2, 0).bit_length()


def spectrum_of(generator: Tensor) -> Tensor:
    """Return the spectra ``(..., m/2 + 1)`` of generators ``(..., 2n − 1)``."""
    return torch.fft.rfft(generator, transform_length((generator.shape[-1] + 1) // 2))


def correlate(x: Tensor, spectrum: Tensor, n: int) -> Tensor:
    """Multiply ``x (B, g, i, n)`` by blocks with spectra ``(g, o, i, m/2 + 1)``: ``(B, g, o, n)``, without a graph."""
    length = transform_length(n)
    seen = torch.fft.rfft(x, length)
    return torch.fft.irfft(torch.einsum("goif,bgif->bgof", spectrum, seen.conj()), length)[..., :n]


class HankelProduct(torch.autograd.Function):
    """``apply(x (B, g, i, n), h (g, o, i, 2n − 1)) -> (B, g, o, n)``; saves both spectra for the backward pass."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, generator: Tensor) -> Tensor:
        """Correlate."""
        n, length = x.shape[-1], transform_length(x.shape[-1])
        seen, spectrum = torch.fft.rfft(x, length), torch.fft.rfft(generator, length)
        ctx.save_for_backward(seen, spectrum)
        ctx.n = n
        return torch.fft.irfft(torch.einsum("goif,bgif->bgof", spectrum, seen.conj()), length)[..., :n]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Correlate the gradient with the generator, and convolve it with the input."""
        seen, spectrum = ctx.saved_tensors
        n, length = ctx.n, transform_length(ctx.n)
        flow = torch.fft.rfft(gradient, length)
        x_gradient = h_gradient = None
        if ctx.needs_input_grad[0]:
            product = torch.einsum("goif,bgof->bgif", spectrum, flow.conj())
            x_gradient = torch.fft.irfft(product, length)[..., :n]
        if ctx.needs_input_grad[1]:
            product = torch.einsum("bgof,bgif->goif", flow, seen)
            h_gradient = torch.fft.irfft(product, length)[..., : 2 * n - 1]
        return x_gradient, h_gradient
