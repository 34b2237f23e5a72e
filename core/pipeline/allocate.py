"""How many demonstrations each variant of a task gives: as many each, or more of those that are hard.

DARS, difficulty-aware rejection sampling (Tong et al., 2024, DART-Math, arXiv:2407.13690): to try every problem equally
often leaves the hard ones with the fewest successes. "uniform" tries each until it has as many as the others;
"prop2diff" until it has a number that is proportional to its difficulty, 1 − the rate of success.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import ceil

from simplatform.errors import ConfigError, DataError

RULES = ("uniform", "prop2diff")
PILOT = 8
"""Trials of each variant by which "prop2diff" judges how hard it is."""


def wanted(rule: str, rates: Sequence[float], count: int) -> list[int]:
    """Return how many successes of each variant are wanted: at least ``count`` in all, the fewest that the rule gives.

    k_i = ⌈k d_i / max d⌉ with difficulty d_i = 1 − rate for "prop2diff", and d_i = 1 for "uniform". Where nothing is
    difficult, all are equally so.

    >>> wanted("prop2diff", [0.9, 0.7, 0.4, 0.15, 0.05, 0.02], 120)
    [4, 10, 19, 27, 30, 30]
    >>> wanted("uniform", [0.9, 0.02], 5)
    [3, 3]
    """
    difficulty = [1.0] * len(rates) if rule == "uniform" else [1.0 - rate for rate in rates]
    largest = max(difficulty)
    shares = [one / largest for one in difficulty] if largest > 0 else [1.0] * len(rates)
    most = 1
    while sum(numbers := [ceil(most * share - 1e-9) for share in shares]) < count:
        most += 1
    return numbers


@dataclass
class Allocation:
    """Says which variants to try, and is told how it went; equal outcomes give equal answers.

    ``kept`` and ``tried`` count by variant; ``goal`` is what is wanted of each, empty until it is known. A variant is
    tried at most ``attempts`` times for each success that is wanted of it, and at least ``PILOT`` times.
    """

    rule: str
    variants: int
    count: int
    attempts: int
    kept: list[int] = field(default_factory=list)
    tried: list[int] = field(default_factory=list)
    goal: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        if self.rule not in RULES:
            raise ConfigError(f"there is no allocation {self.rule!r}: expected one of {', '.join(RULES)}")
        if self.variants < 2:
            raise ConfigError(
                f"allocate={self.rule} shares demonstrations out among the variants of a task, and this one has one: "
                "leave it out, or take a task of several, such as metaworld/hard"
            )
        self.kept, self.tried = [0] * self.variants, [0] * self.variants
        self.goal = wanted(self.rule, [0.0] * self.variants, self.count) if self.rule == "uniform" else []

    def batch(self) -> list[int]:
        """Return the variants to try next, some several times; nothing when all have enough or were tried enough."""
        if not self.goal and all(tried >= PILOT for tried in self.tried):
            self.goal = wanted(self.rule, self.rates, self.count)
        if not self.goal:
            return [v for v in range(self.variants) for _ in range(PILOT - self.tried[v])]
        return [v for v in range(self.variants) for _ in range(self._missing(v))]

    def tell(self, variant: int, success: bool) -> None:
        """Count a trial."""
        self.tried[variant] += 1
        self.kept[variant] += success

    @property
    def rates(self) -> list[float]:
        """Share of successes of each variant."""
        return [kept / max(tried, 1) for kept, tried in zip(self.kept, self.tried, strict=True)]

    @property
    def short(self) -> list[int]:
        """Variants that have fewer than are wanted of them."""
        return [v for v in range(self.variants) if self.goal and self.kept[v] < self.goal[v]]

    def _missing(self, variant: int) -> int:
        limit = self.attempts * max(self.goal[variant], PILOT)
        return max(0, min(self.goal[variant] - self.kept[variant], limit - self.tried[variant]))

    def require_some(self, name: str) -> None:
        """Check that a demonstration is there.

        Raises:
            DataError: no variant gave any.
        """
        if not any(self.kept):
            raise DataError(
                f"the expert of {name} succeeded in none of {sum(self.tried)} episodes of {self.variants} variants: "
                "mend the expert, or allow more (--set task.attempts=50)"
            )
