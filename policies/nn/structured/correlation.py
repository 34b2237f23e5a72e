"""Products with Hankel matrices by Fourier transforms, and their exact gradients from the same spectra.

``y_i = Σ_j h_{i+j} x_j`` is a correlation: y = irfft(rfft(h) · conj(rfft(x)))[:n] at any length m that holds all of h,
2n − 1 numbers for n × n and r + n − 1 for r × n. The transposed matrix has the same generator, so ∂L/∂x is the same
product with ∂L/∂y; ∂L/∂h is the convolution of ∂L/∂y with x.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable


def transform_length(size: int) -> int:
    """Return the power of two at or above the size of a generator."""
    return 1 << (size - 1).bit_length()


def spectrum_of(generator: Tensor) -> Tensor:
    """Return the spectra ``(..., m/2 + 1)`` of generators ``(..., r + n − 1)``."""
    answer: Tensor = torch.fft.rfft(generator, transform_length(generator.shape[-1]))
    return answer


def correlate(x: Tensor, spectrum: Tensor, rows: int) -> Tensor:
    """Multiply ``x (B, g, i, n)`` by blocks with spectra ``(g, o, i, m/2 + 1)``: ``(B, g, o, r)``, without a graph."""
    length = transform_length(rows + x.shape[-1] - 1)
    seen = torch.fft.rfft(x, length)
    answer: Tensor = torch.fft.irfft(torch.einsum("goif,bgif->bgof", spectrum, seen.conj()), length)[..., :rows]
    return answer


class HankelProduct(torch.autograd.Function):
    """``apply(x (B, g, i, n), h (g, o, i, r + n − 1)) -> (B, g, o, r)``; saves both spectra for the backward pass."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, generator: Tensor) -> Tensor:
        """Correlate."""
        n, size = x.shape[-1], generator.shape[-1]
        length = transform_length(size)
        seen, spectrum = torch.fft.rfft(x, length), torch.fft.rfft(generator, length)
        ctx.save_for_backward(seen, spectrum)
        ctx.n, ctx.size = n, size
        answer: Tensor = torch.fft.irfft(torch.einsum("goif,bgif->bgof", spectrum, seen.conj()), length)[
            ..., : size - n + 1
        ]
        return answer

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, Tensor | None]:
        """Correlate the gradient with the generator, and convolve it with the input."""
        seen, spectrum = ctx.saved_tensors
        length = transform_length(ctx.size)
        flow = torch.fft.rfft(gradient, length)
        x_gradient = h_gradient = None
        if ctx.needs_input_grad[0]:
            product = torch.einsum("goif,bgof->bgif", spectrum, flow.conj())
            x_gradient = torch.fft.irfft(product, length)[..., : ctx.n]
        if ctx.needs_input_grad[1]:
            product = torch.einsum("bgof,bgif->goif", flow, seen)
            h_gradient = torch.fft.irfft(product, length)[..., : ctx.size]
        return x_gradient, h_gradient
