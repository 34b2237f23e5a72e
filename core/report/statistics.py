"""Numbers with intervals: no rate without n and Wilson's interval, no comparison that is not paired."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from simplatform.contracts import Metric

Z95 = 1.959963984540054
NOT_MEASURED = "not measured (n=0)"


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval, from ``n`` episodes. ``k`` is the number of successes of a rate."""

    value: float
    low: float
    high: float
    n: int
    kind: str = "mean"
    k: int | None = None

    def __str__(self) -> str:
        if self.kind == "rate":
            return f"{self.k}/{self.n} = {self.value:.2f} [{self.low:.2f}, {self.high:.2f}]" if self.n else NOT_MEASURED
        if self.n < 2:
            return f"{self.value:.4g} (n=1, no interval)" if self.n else NOT_MEASURED
        return f"{self.value:.4g} [{self.low:.4g}, {self.high:.4g}] (n={self.n})"

    def to_json(self) -> dict[str, Any]:
        """Return plain data."""
        return asdict(self)


def wilson(successes: int, n: int, z: float = Z95) -> Estimate:
    """Return a success rate with Wilson's score interval (Wilson, 1927, eq. 2).

    >>> print(wilson(17, 20))
    17/20 = 0.85 [0.64, 0.95]

    Raises:
        ValueError: not 0 <= successes <= n.
    """
    if not 0 <= successes <= n:
        raise ValueError(f"expected 0 <= successes <= n, got {successes} of {n}")
    if n == 0:
        return Estimate(math.nan, 0.0, 1.0, 0, "rate", 0)
    p = successes / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    low = 0.0 if successes == 0 else centre - half
    high = 1.0 if successes == n else centre + half
    return Estimate(p, low, high, n, "rate", successes)


def bootstrap(values: Sequence[float], draws: int = 2000, seed: int = 0) -> Estimate:
    """Return a mean with its percentile-bootstrap interval; values that were not measured are left out and lower n.

    One value has no interval: its bounds are NaN.

    >>> print(bootstrap([1.0, 2.0, float("nan"), 4.0]))
    2.333 [1, 4] (n=3)
    """
    x = np.asarray(values, dtype=float)
    x = x[np.isfinite(x)]
    if len(x) == 0:
        return Estimate(math.nan, math.nan, math.nan, 0)
    if len(x) == 1:
        return Estimate(float(x[0]), math.nan, math.nan, 1)
    picks = np.random.default_rng(seed).integers(0, len(x), (draws, len(x)))
    low, high = np.quantile(x[picks].mean(axis=1), [0.025, 0.975])
    return Estimate(float(x.mean()), float(low), float(high), len(x))


def estimate(values: Sequence[float], kind: str) -> Estimate:
    """Return the estimate that fits a metric's kind: Wilson for "rate", bootstrap for "mean".

    Values that are not finite were not measured: they are left out, and lower n.
    """
    if kind == "rate":
        measured = [value for value in values if math.isfinite(value)]
        return wilson(sum(value >= 0.5 for value in measured), len(measured))
    return bootstrap(values)


def paired_rates(a: Sequence[bool], b: Sequence[bool]) -> float:
    """Return the two-sided p-value of McNemar's exact test for two policies on the same episodes.

    >>> paired_rates([True] * 6 + [False] * 4, [False] * 10)
    0.03125

    Raises:
        ValueError: the episodes are not the same number.
    """
    if len(a) != len(b):
        raise ValueError(f"paired tests need the same episodes: got {len(a)} and {len(b)}")
    only_a = sum(x and not y for x, y in zip(a, b, strict=True))
    only_b = sum(y and not x for x, y in zip(a, b, strict=True))
    n, k = only_a + only_b, min(only_a, only_b)
    tail = sum(math.comb(n, i) for i in range(k + 1)) / 2**n
    value: float = min(1.0, 2 * tail)
    return value


def paired_rate_difference(a: Sequence[bool], b: Sequence[bool], z: float = Z95) -> Estimate:
    """Return the difference of two rates on the same episodes, a − b, with Newcombe's interval (1998, Statistics in
    Medicine 17, 2635, method 10): Wilson's intervals of both, joined by how far the outcomes go together.

    Raises:
        ValueError: the episodes are not the same number.
    """
    if len(a) != len(b):
        raise ValueError(f"paired intervals need the same episodes: got {len(a)} and {len(b)}")
    first, other, n = wilson(sum(a), len(a), z), wilson(sum(b), len(b), z), len(a)
    if n == 0:
        return Estimate(math.nan, -1.0, 1.0, 0)
    both = sum(x and y for x, y in zip(a, b, strict=True))
    phi = _agreement(both, sum(a) - both, sum(b) - both, n)
    gap = first.value - other.value

    def reach(one: float, two: float) -> float:
        return math.sqrt(max(one * one - 2 * phi * one * two + two * two, 0.0))

    low = gap - reach(first.value - first.low, other.high - other.value)
    return Estimate(gap, low, gap + reach(first.high - first.value, other.value - other.low), n)


def _agreement(both: int, only_a: int, only_b: int, n: int) -> float:
    """Return the correlation of two outcomes with Newcombe's correction for continuity; 0 where one is constant."""
    neither = n - both - only_a - only_b
    scale = (both + only_a) * (only_b + neither) * (both + only_b) * (only_a + neither)
    if scale == 0:
        return 0.0
    excess = both * neither - only_a * only_b
    return (max(excess - n / 2, 0.0) if excess > 0 else float(excess)) / math.sqrt(scale)


def paired_gain(metric: Metric, own: Sequence[float], other: Sequence[float]) -> Estimate:
    """Return by how much a method is better than another on the same episodes: positive is better, whatever the
    metric's direction. Pairs in which one is not finite are left out.
    """
    pairs = [(x, y) for x, y in zip(own, other, strict=True) if math.isfinite(x) and math.isfinite(y)]
    if metric.better == "lower":
        pairs = [(y, x) for x, y in pairs]
    a, b = [x for x, _ in pairs], [y for _, y in pairs]
    if metric.kind == "rate":
        return paired_rate_difference([x >= 0.5 for x in a], [y >= 0.5 for y in b])
    return paired_means(a, b)


def paired_runs(a: Sequence[float], b: Sequence[float], draws: int = 1 << 18, seed: int = 0) -> float:
    """Return the two-sided p-value of a sign-flip permutation test (Fisher, 1935) on the means of paired runs.

    A test over episodes tells of two trained policies. Whether a method is better than another is a matter of runs:
    each pair, trained on the same task with the same seed, counts once. Exact for up to 18 pairs that differ, by
    ``draws`` random flips above. Three pairs never give less than 1/4. Pairs that are not finite are left out.

    Raises:
        ValueError: the runs are not the same number.
    """
    if len(a) != len(b):
        raise ValueError(f"paired tests need the same runs: got {len(a)} and {len(b)}")
    gaps = np.asarray(a, float) - np.asarray(b, float)
    gaps = gaps[np.isfinite(gaps) & (gaps != 0)]
    if 1 << len(gaps) <= draws:
        sums = np.zeros(1)
        for gap in gaps:
            sums = np.concatenate([sums + gap, sums - gap])
    else:
        signs = np.random.default_rng(seed).choice([-1, 1], (draws, len(gaps)))
        sums = np.concatenate([[gaps.sum()], signs @ gaps])
    return float(np.mean(np.abs(sums) >= abs(gaps.sum()) - 1e-9 * np.abs(gaps).sum()))


def paired_means(a: Sequence[float], b: Sequence[float], draws: int = 2000, seed: int = 0) -> Estimate:
    """Return the mean difference a − b over the same episodes, with its bootstrap interval."""
    return bootstrap((np.asarray(a, float) - np.asarray(b, float)).tolist(), draws, seed)
