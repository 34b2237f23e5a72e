"""Block layers of Hankel, Toeplitz or cosine-diagonal matrices, with few parameters and O(n log n) products.

- hankel: ``H[i, j] = h[i + j]``, a generator h of 2n − 1 numbers per block;
- toeplitz: ``T[i, j] = h[i − j + n − 1]``, which is H J with the exchange matrix J;
- dct: ``Cᵀ diag(w) C`` with the orthonormal DCT-II C and n numbers per block: within symmetric Toeplitz + Hankel.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn

from simplatform.policies.structured.choice import prefers_fft
from simplatform.policies.structured.correlation import HankelProduct, correlate, spectrum_of
from simplatform.policies.structured.cosine import dct, dct_matrix, inverse_dct
from simplatform.policies.structured.counts import Counts, Kind, block_counts, gemm_counts

Mode = Literal["auto", "fft", "gemm"]


class BlockHankel(nn.Module):
    """``(B, p_in, n)`` → ``(B, p_out, n)``: one structured n × n matrix per pair of channels of a group, and a bias."""

    def __init__(
        self, p_in: int, p_out: int, n: int, *, groups: int = 1, bias: bool = True, kind: Kind = "hankel",
        mode: Mode = "auto", init: Literal["delta", "random"] = "delta",
    ) -> None:  # fmt: skip
        """Make the generators.

        ``init="random"`` draws N(0, 1/(p n)) with p = p_in / groups; ``"delta"`` a tenth of that, plus the simplest
        member in one block per output channel: the exchange matrix (Hankel), or the identity.

        Raises:
            ValueError: ``groups`` does not divide both numbers of channels.
        """
        super().__init__()
        if p_in % groups or p_out % groups:
            raise ValueError(f"groups={groups} must divide p_in={p_in} and p_out={p_out}")
        self.p_in, self.p_out, self.n, self.groups = p_in, p_out, n, groups
        self.kind, self.mode = kind, mode
        self.generator = nn.Parameter(_initial(p_in // groups, p_out, n, kind, init))
        self.bias = nn.Parameter(torch.zeros(p_out, n)) if bias else None
        self._kept: tuple[tuple[object, ...], Tensor] | None = None

    def forward(self, x: Tensor) -> Tensor:
        """Apply the blocks by transforms or as dense products, whichever ``mode`` says."""
        split = x.unflatten(1, (self.groups, -1))
        fast = self.mode == "fft" or (self.mode == "auto" and prefers_fft(self.n, len(x), x))
        y = (self._by_transform(split) if fast else self._by_product(split)).flatten(1, 2)
        return y if self.bias is None else y + self.bias

    def weight(self) -> Tensor:
        """Return the matrices, ``(p_out, p_in / groups, n, n)``."""
        if self.kind == "dct":
            cosine = dct_matrix(self.n, self.generator)
            return torch.einsum("kn,oik,km->oinm", cosine, self.generator, cosine)
        matrix = hankel_matrix(self.generator)
        return matrix.flip(-1) if self.kind == "toeplitz" else matrix

    def spectrum(self) -> Tensor:
        """Return the spectra of the generators, ``(p_out, p_in / groups, m/2 + 1)``; for "dct" the diagonals."""
        return self.generator if self.kind == "dct" else spectrum_of(self.generator)

    def counts(self, *, train: bool = False, mode: Mode = "fft") -> Counts:
        """Count parameters, and operations for one input applied by transforms (or, for "gemm", densely)."""
        options = {"groups": self.groups, "bias": self.bias is not None}
        if mode == "gemm":
            return gemm_counts(self.p_in, self.p_out, self.n, self.kind, **options)
        return block_counts(self.p_in, self.p_out, self.n, self.kind, train=train, **options)

    def _by_transform(self, x: Tensor) -> Tensor:
        generator = self.generator.unflatten(0, (self.groups, -1))
        if self.kind == "dct":
            return inverse_dct(torch.einsum("goik,bgik->bgok", generator, dct(x)))
        x = x.flip(-1) if self.kind == "toeplitz" else x
        if torch.is_grad_enabled():
            answer: Tensor = HankelProduct.apply(x, generator)  # type: ignore[no-untyped-call]
            return answer
        return correlate(x, self._cached("spectrum").unflatten(0, (self.groups, -1)), self.n)

    def _by_product(self, x: Tensor) -> Tensor:
        weight = self.weight() if torch.is_grad_enabled() else self._cached("weight")
        return torch.einsum("goikj,bgij->bgok", weight.unflatten(0, (self.groups, -1)), x)

    def _cached(self, what: Literal["weight", "spectrum"]) -> Tensor:
        """Return the matrices or spectra, kept until the generator changes."""
        value = self.generator
        key = (what, value._version, value.data_ptr(), value.dtype, value.device)
        if self._kept is None or self._kept[0] != key:
            made = self.weight() if what == "weight" else self.spectrum()
            self._kept = (key, made.detach().contiguous())
        return self._kept[1]


def hankel_matrix(generator: Tensor) -> Tensor:
    """Return the matrices ``(..., n, n)`` of generators ``(..., 2n − 1)``, as a view without copying."""
    n = (generator.shape[-1] + 1) // 2
    return generator.unfold(-1, n, 1)


def _initial(p_in: int, p_out: int, n: int, kind: Kind, init: str) -> Tensor:
    size = n if kind == "dct" else 2 * n - 1
    generator = torch.randn(p_out, p_in, size) / (p_in * n) ** 0.5
    if init == "random":
        return generator
    generator = 0.1 * generator
    index = torch.arange(p_out)
    if kind == "dct":
        generator[index, index % p_in] += 1.0
    else:
        generator[index, index % p_in, n - 1] += 1.0
    return generator
