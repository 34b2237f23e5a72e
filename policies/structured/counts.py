"""Parameters and floating-point operations of block-Hankel layers, exactly (multiplications and additions apart)."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Counts:
    """Learnable numbers, and operations for one input."""

    parameters: int
    flops: float


def hankel_counts(p_in: int, p_out: int, n: int, *, bias: bool = True) -> Counts:
    """Count a block layer applied by FFT at length m = 2n, a real transform costing 2.5 m log2 m operations.

    Spectra of the generators are taken as cached, which holds at inference.
    """
    m = 2 * n
    transforms = (p_in + p_out) * 2.5 * m * math.log2(m)
    products = 8 * p_in * p_out * (m // 2 + 1)
    return Counts(p_in * p_out * (2 * n - 1) + bias * p_out * n, transforms + products + bias * p_out * n)
