"""Block layers of Hankel, Toeplitz or cosine-diagonal matrices, with few parameters and O(n log n) products.

- hankel: ``H[i, j] = h[i + j]``, a generator h of 2n − 1 numbers per block, r + n − 1 for r × n blocks;
- toeplitz: ``T[i, j] = h[i − j + n − 1]``, which is H J with the exchange matrix J;
- dct: ``Cᵀ diag(w) C`` with the orthonormal DCT-II C and n numbers per block: within symmetric Toeplitz + Hankel.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from simplatform.policies.nn.structured.choice import prefers_fft
from simplatform.policies.nn.structured.correlation import HankelProduct, correlate, spectrum_of
from simplatform.policies.nn.structured.cosine import dct, dct_matrix, inverse_dct
from simplatform.policies.nn.structured.counts import Counts, Kind, block_counts, gemm_counts
from simplatform.policies.nn.structured.layer import CountedLayer, Mode

Init = Literal["delta", "random"]


class BlockHankel(CountedLayer):
    """``(B, p_in, n)`` → ``(B, p_out, rows)``: one structured matrix per pair of channels of a group, and a bias."""

    def __init__(
        self, p_in: int, p_out: int, n: int, *, rows: int | None = None, groups: int = 1, bias: bool = True,
        kind: Kind = "hankel", mode: Mode = "auto", init: Init = "delta",
    ) -> None:  # fmt: skip
        """Make the generators; matrices are n × n where ``rows`` is not told.

        ``init="random"`` draws N(0, 1/(p n)) with p = p_in / groups; ``"delta"`` a tenth of that, plus the simplest
        member in one block per output channel: the exchange matrix (Hankel), or the identity.

        Raises:
            ValueError: ``groups`` does not divide both numbers of channels, or cosine-diagonal blocks are not square.
        """
        super().__init__()
        if p_in % groups or p_out % groups:
            raise ValueError(f"groups={groups} must divide p_in={p_in} and p_out={p_out}")
        if kind == "dct" and rows not in (None, n):
            raise ValueError(f"cosine-diagonal matrices are square, got {rows} rows and {n} columns; use hankel")
        self.p_in, self.p_out, self.n, self.rows, self.groups = p_in, p_out, n, rows or n, groups
        self.kind, self.mode = kind, mode
        self.generator = nn.Parameter(_initial(p_in // groups, p_out, n, self.rows, kind, init))
        self.bias = nn.Parameter(torch.zeros(p_out, self.rows)) if bias else None
        self._kept: tuple[tuple[object, ...], Tensor] | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Apply the blocks by transforms or as dense products, whichever ``mode`` says."""
        split = x.unflatten(1, (self.groups, -1))
        fast = self.mode == "fft" or (self.mode == "auto" and prefers_fft(max(self.n, self.rows), len(x), x))
        y = (self._by_transform(split) if fast else self._by_product(split)).flatten(1, 2)
        return y if self.bias is None else y + self.bias

    def weight(self) -> Tensor:
        """Return the matrices, ``(p_out, p_in / groups, rows, n)``."""
        if self.kind == "dct":
            cosine = dct_matrix(self.n, self.generator)
            return torch.einsum("kn,oik,km->oinm", cosine, self.generator, cosine)
        matrix = hankel_matrix(self.generator, self.n)
        return matrix.flip(-1) if self.kind == "toeplitz" else matrix

    def spectrum(self) -> Tensor:
        """Return the spectra of the generators, ``(p_out, p_in / groups, m/2 + 1)``; for "dct" the diagonals."""
        return self.generator if self.kind == "dct" else spectrum_of(self.generator)

    def counts(self, *, train: bool = False, mode: Mode = "fft") -> Counts:
        """Count parameters, and operations for one input applied by transforms (or, for "gemm", densely)."""
        size, bias = (self.p_in, self.p_out, self.n, self.kind), self.bias is not None
        if mode == "gemm":
            return gemm_counts(*size, rows=self.rows, groups=self.groups, bias=bias)
        return block_counts(*size, rows=self.rows, groups=self.groups, bias=bias, train=train)

    def _by_transform(self, x: Tensor) -> Tensor:
        generator = self.generator.unflatten(0, (self.groups, -1))
        if self.kind == "dct":
            return inverse_dct(torch.einsum("goik,bgik->bgok", generator, dct(x)))
        x = x.flip(-1) if self.kind == "toeplitz" else x
        if torch.is_grad_enabled():
            answer: Tensor = HankelProduct.apply(x, generator)  # type: ignore[no-untyped-call]  # torch's own
            return answer
        spectrum = self.spectrum() if torch.compiler.is_compiling() else self._cached("spectrum")
        return correlate(x, spectrum.unflatten(0, (self.groups, -1)), self.rows)

    def _by_product(self, x: Tensor) -> Tensor:
        traced = torch.is_grad_enabled() or torch.compiler.is_compiling()  # a graph cannot ask whether weights changed
        weight = self.weight() if traced else self._cached("weight")
        return torch.einsum("goikj,bgij->bgok", weight.unflatten(0, (self.groups, -1)), x)

    def _cached(self, what: Literal["weight", "spectrum"]) -> Tensor:
        """Return the matrices or spectra, kept until the generator changes."""
        value = self.generator
        key = (what, value._version, value.data_ptr(), value.dtype, value.device)
        if self._kept is None or self._kept[0] != key:
            made = self.weight() if what == "weight" else self.spectrum()
            self._kept = (key, made.detach().contiguous())
        return self._kept[1]


def hankel_matrix(generator: Tensor, columns: int | None = None) -> Tensor:
    """Return the matrices ``(..., r, n)`` of generators ``(..., r + n − 1)``, as a view without copying.

    They are square where the number of columns is not told.
    """
    return generator.unfold(-1, columns or (generator.shape[-1] + 1) // 2, 1)


def _initial(p_in: int, p_out: int, n: int, rows: int, kind: Kind, init: Init) -> Tensor:
    size = n if kind == "dct" else rows + n - 1
    generator: Tensor = torch.randn(p_out, p_in, size) / (p_in * n) ** 0.5
    if init == "random":
        return generator
    generator = 0.1 * generator
    index = torch.arange(p_out)
    if kind == "dct":
        generator[index, index % p_in] += 1.0
    else:
        generator[index, index % p_in, n - 1] += 1.0
    return generator
