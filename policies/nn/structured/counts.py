"""Parameters and floating-point operations of dense and structured maps (multiplications and additions counted apart).

A real transform of length m is counted as 2.5 m log2 m operations, and the circulant length as m = 2n; as m = r + n for
r × n matrices.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

Kind = Literal["hankel", "toeplitz", "dct"]


@dataclass(frozen=True)
class Counts:
    """Learnable numbers, and operations for one input."""

    parameters: int
    flops: float

    def __add__(self, other: Counts) -> Counts:
        return Counts(self.parameters + other.parameters, self.flops + other.flops)


def dense_counts(inputs: int, outputs: int, *, bias: bool = False) -> Counts:
    """Count a dense map: n² numbers and 2n² − n operations when square, and one addition per bias."""
    return Counts(inputs * outputs + bias * outputs, 2 * inputs * outputs - outputs + bias * outputs)


def matvec_counts(n: int, kind: Kind = "hankel", *, train: bool = False) -> Counts:
    """Count one n × n matrix times one vector.

    Hankel and Toeplitz: 10 n log2(2n) + 6 (n + 1) operations with the spectrum of the generator at hand, and
    15 n log2(2n) + 6 (n + 1) where it is computed as well (``train``). DCT: two real cosine transforms and a diagonal.
    """
    if kind == "dct":
        return Counts(n, 4 * n * math.log2(n) + n)
    return Counts(2 * n - 1, (15 if train else 10) * n * math.log2(2 * n) + 6 * (n + 1))


def block_counts(
    p_in: int, p_out: int, n: int, kind: Kind = "hankel", *,
    rows: int | None = None, groups: int = 1, bias: bool = True, train: bool = False,
) -> Counts:  # fmt: skip
    """Count a block layer of ``rows × n`` matrices, square by default; blocks of a row or column share transforms.

    Products of spectra take 8 operations per frequency: 6 for a complex product and 2 for its sum.
    """
    rows = rows or n
    blocks, m = p_in * p_out // groups, rows + n
    if kind == "dct":
        products = 2 * blocks * n - p_out * n
        return Counts(
            blocks * n + bias * p_out * n, (p_in + p_out) * 2 * n * math.log2(n) + products + bias * p_out * n
        )
    transforms = (p_in + p_out + (blocks if train else 0)) * 2.5 * m * math.log2(m)
    products = 8 * blocks * (m // 2 + 1)
    return Counts(blocks * (m - 1) + bias * p_out * rows, transforms + products + bias * p_out * rows)


def gemm_counts(
    p_in: int, p_out: int, n: int, kind: Kind = "hankel", *,
    rows: int | None = None, groups: int = 1, bias: bool = True,
) -> Counts:  # fmt: skip
    """Count the same layer applied as dense products: what runs for small n."""
    parameters = block_counts(p_in, p_out, n, kind, rows=rows, groups=groups, bias=bias).parameters
    outputs = p_out * (rows or n)
    return Counts(parameters, outputs * (2 * (p_in // groups) * n - 1) + bias * outputs)
