"""PyTorch's random numbers of a CPU generator, by NumPy: an exported policy then answers as the policy did.

Its engine is MT19937, as NumPy's. Of normal numbers, fewer than 16 are drawn in pairs by Box and Muller's method in
double precision, more of them in blocks of 16 in single precision: the same, to rounding of logarithm and cosine.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

BLOCK = 16


class Stream:
    """The numbers that ``torch.Generator().manual_seed(seed)`` gives, call by call."""

    def __init__(self, seed: int) -> None:
        self._engine = np.random.MT19937()
        self._engine._legacy_seeding(seed & 0xFFFFFFFF)
        self._next: float | None = None

    def uniform(self, shape: Sequence[int]) -> NDArray[np.float32]:
        """Return ``torch.rand(shape)``."""
        return self._singles(math.prod(shape)).reshape(shape)

    def normal(self, shape: Sequence[int]) -> NDArray[np.float32]:
        """Return ``torch.randn(shape)``."""
        count = math.prod(shape)
        if count < BLOCK:
            return np.array([self._one() for _ in range(count)], np.float32).reshape(shape)
        values = self._singles(count)
        for start in range(0, count - BLOCK + 1, BLOCK):
            values[start : start + BLOCK] = _box_muller(values[start : start + BLOCK])
        if count % BLOCK:  # the last block is drawn again, over the end of the one before
            values[-BLOCK:] = _box_muller(self._singles(BLOCK))
        return values.reshape(shape)

    def _singles(self, count: int) -> NDArray[np.float32]:
        raw = self._engine.random_raw(count) if count else np.zeros(0, np.uint64)
        return ((np.asarray(raw, np.uint64) & 0xFFFFFF) * 2.0**-24).astype(np.float32)

    def _double(self) -> float:
        high, low = (int(value) for value in self._engine.random_raw(2))
        return float((((high << 32) | low) & ((1 << 53) - 1)) * 2.0**-53)

    def _one(self) -> float:
        if self._next is not None:
            found, self._next = self._next, None
            return found
        angle = 2 * math.pi * self._double()
        radius = math.sqrt(-2.0 * math.log1p(-self._double()))
        self._next = radius * math.sin(angle)
        return radius * math.cos(angle)


def _box_muller(drawn: NDArray[np.float32]) -> NDArray[np.float32]:
    half = BLOCK // 2
    radius = np.sqrt(np.float32(-2.0) * np.log(np.float32(1.0) - drawn[:half]))
    angle = np.float32(2 * math.pi) * drawn[half:]
    return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)])
