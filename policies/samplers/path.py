"""Noise schedules: x_t = α(t) x + σ(t) e, data x and unit noise e; t grows towards noise.

Plain floats throughout: coefficients of a sampler are known before it starts, and cost the device nothing.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence

import numpy as np

from simplatform.errors import ContractError


class Path(ABC):
    """A schedule from data to noise; ``first`` (noise) and ``last`` (data) are times where log(α/σ) is finite."""

    first: float
    last: float

    @abstractmethod
    def alpha(self, t: float) -> float:
        """Return the factor of the data."""

    @abstractmethod
    def sigma(self, t: float) -> float:
        """Return the standard deviation of the noise."""

    @abstractmethod
    def rates(self, t: float) -> tuple[float, float]:
        """Return dα/dt and dσ/dt."""

    @abstractmethod
    def time(self, log_snr: float) -> float:
        """Return the time at which λ = log(α/σ) has this value."""

    def log_snr(self, t: float) -> float:
        """Return λ = log(α/σ) (half of the logarithm of the signal-to-noise ratio)."""
        return math.log(self.alpha(t) / self.sigma(t))


class LinearVP(Path):
    """Variance preserving with β(t) linear from ``low`` to ``high`` on [0, 1] (Song et al., 2021, eq. 33)."""

    def __init__(self, low: float = 0.1, high: float = 20.0, last: float = 1e-3) -> None:
        self.low, self.slope, self.first, self.last = low, high - low, 1.0, last

    def alpha(self, t: float) -> float:
        """Return exp(−¼ t² (β₁ − β₀) − ½ t β₀)."""
        return math.exp(-0.25 * t * t * self.slope - 0.5 * t * self.low)

    def sigma(self, t: float) -> float:
        """Return √(1 − α²), without cancellation."""
        return math.sqrt(-math.expm1(-0.5 * t * t * self.slope - t * self.low))

    def rates(self, t: float) -> tuple[float, float]:
        """Return dα/dt and dσ/dt."""
        alpha = self.alpha(t)
        rate = -0.5 * alpha * (self.low + self.slope * t)
        return rate, -alpha * rate / self.sigma(t)

    def time(self, log_snr: float) -> float:
        """Solve the quadratic ½ (β₁ − β₀) t² + β₀ t = log(1 + e^(−2λ))."""
        level = float(np.logaddexp(0.0, -2 * log_snr))
        return 2 * level / (self.low + math.sqrt(self.low**2 + 2 * self.slope * level))


class Straight(Path):
    """Rectified flow: α = 1 − t, σ = t (Liu et al., 2022), with **t = 1 noise**."""

    def __init__(self, margin: float = 1e-3) -> None:
        self.first, self.last = 1 - margin, margin

    def alpha(self, t: float) -> float:
        """Return 1 − t."""
        return 1 - t

    def sigma(self, t: float) -> float:
        """Return t."""
        return t

    def rates(self, t: float) -> tuple[float, float]:
        """Return −1 and 1."""
        return -1.0, 1.0

    def time(self, log_snr: float) -> float:
        """Return 1 / (1 + e^λ)."""
        return 1 / (1 + math.exp(log_snr))


class Levels(Path):
    """A trained table ᾱ_k, k = 0 … n − 1, with log α linear between its entries; the network sees fractional k."""

    def __init__(self, levels: Sequence[float]) -> None:
        """Take ᾱ, strictly decreasing inside (0, 1).

        Raises:
            ContractError: the table is not so.
        """
        table = np.asarray(levels, dtype=np.float64)
        if table.ndim != 1 or len(table) < 2 or (np.diff(table) >= 0).any() or table[0] >= 1 or table[-1] <= 0:
            raise ContractError("expected at least two levels, strictly decreasing inside (0, 1)")
        self._log_alpha, self._index = 0.5 * np.log(table), np.arange(len(table), dtype=np.float64)
        self.first, self.last = float(len(table) - 1), 0.0

    def alpha(self, t: float) -> float:
        """Return √ᾱ."""
        return math.exp(self._log(t))

    def sigma(self, t: float) -> float:
        """Return √(1 − ᾱ)."""
        return math.sqrt(-math.expm1(2 * self._log(t)))

    def rates(self, t: float) -> tuple[float, float]:
        """Return the slopes of the piece that holds t."""
        piece = min(max(int(t), 0), len(self._index) - 2)
        rate = self.alpha(t) * float(self._log_alpha[piece + 1] - self._log_alpha[piece])
        return rate, -self.alpha(t) * rate / self.sigma(t)

    def time(self, log_snr: float) -> float:
        """Return the fractional index."""
        log_alpha = -0.5 * float(np.logaddexp(0.0, -2 * log_snr))
        return float(np.interp(-log_alpha, -self._log_alpha, self._index))

    def _log(self, t: float) -> float:
        return float(np.interp(t, self._index, self._log_alpha))
