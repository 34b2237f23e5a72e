"""What an environment may offer beside Gymnasium's interface."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Protocol, Self, runtime_checkable


@runtime_checkable
class Together(Protocol):
    """An environment whose instances are reset and stepped several at once, for less than one by one.

    Each answer is the one that the instance would give alone, to rounding. Instances may have other keywords.
    """

    @classmethod
    def reset_all(
        cls, envs: Sequence[Self], seeds: Sequence[int | None], options: Sequence[dict[str, Any] | None]
    ) -> list[tuple[Any, dict[str, Any]]]:
        """Return what ``env.reset(seed=…, options=…)`` of each instance would."""

    @classmethod
    def step_all(
        cls, envs: Sequence[Self], actions: Sequence[Any]
    ) -> list[tuple[Any, float, bool, bool, dict[str, Any]]]:
        """Return what ``env.step(action)`` of each instance would."""


@runtime_checkable
class Sparing(Protocol):
    """An environment that need not make all that it shows, where a part costs time: a point cloud, a picture."""

    def show(self, names: Collection[str] | None) -> None:
        """Leave out of observations, from the next reset on, all that is not named; None shows all again."""
