"""Block-Hankel layers: ``H[i, j] = h[i + j]`` with a learnable generator h of 2n − 1 numbers per block.

A Hankel product is a correlation, ``y = irfft(rfft(h) · conj(rfft(x)))[:n]`` at any transform length m ≥ 2n − 1: the
embedding of H J in a circulant matrix, with the exchange matrix J absorbed by the conjugate.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

Mode = Literal["auto", "fft", "gemm"]
GEMM_BELOW = 384
"""Below this length a dense product is faster on a CPU in batches (crossover measured between 256 and 512)."""


class BlockHankel(nn.Module):
    """``(B, p_in, n)`` → ``(B, p_out, n)``: one n × n Hankel matrix per pair of channels, and a bias."""

    def __init__(self, p_in: int, p_out: int, n: int, *, bias: bool = True, mode: Mode = "auto") -> None:
        """Make the generator near the exchange matrix, which is Hankel itself: h = δ_{n−1} + 0.1 N(0, 1/(p_in n))."""
        super().__init__()
        self.p_in, self.p_out, self.n, self.mode = p_in, p_out, n, mode
        generator = 0.1 * torch.randn(p_out, p_in, 2 * n - 1) / (p_in * n) ** 0.5
        index = torch.arange(p_out)
        generator[index, index % p_in, n - 1] += 1.0
        self.generator = nn.Parameter(generator)
        self.bias = nn.Parameter(torch.zeros(p_out, n)) if bias else None

    def forward(self, x: Tensor) -> Tensor:
        """Apply the blocks by FFT or as one dense product, whichever ``mode`` says."""
        fast = self.mode == "fft" or (self.mode == "auto" and self.n >= GEMM_BELOW)
        y = self._by_fft(x) if fast else torch.einsum("oikj,bij->bok", hankel_matrix(self.generator), x)
        return y if self.bias is None else y + self.bias

    def _by_fft(self, x: Tensor) -> Tensor:
        length = 1 << (2 * self.n - 2).bit_length()
        spectrum = torch.fft.rfft(self.generator, length)
        seen = torch.fft.rfft(x, length).conj()
        return torch.fft.irfft(torch.einsum("oif,bif->bof", spectrum, seen), length)[..., : self.n]


def hankel_matrix(generator: Tensor) -> Tensor:
    """Return the matrices ``(..., n, n)`` of generators ``(..., 2n − 1)``, as a view without copying."""
    n = (generator.shape[-1] + 1) // 2
    return generator.unfold(-1, n, 1)
