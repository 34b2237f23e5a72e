"""Episodes and sets of episodes, in memory."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from simplatform.errors import DataError

Array = NDArray[Any]


@dataclass(frozen=True)
class Episode:
    """One episode of L steps.

    ``observations[k]`` is ``(L + 1, ...)``: entry t was seen before ``actions[t]``, the last after the last action.
    ``actions`` is ``(L, ...)``; ``infos[k]`` is ``(L,)``, the numbers that the environment reported after each action.

    >>> Episode({"x": np.zeros((3, 1))}, actions=np.zeros((3, 1)))
    Traceback (most recent call last):
    ...
    simplatform.errors.DataError: observation 'x' has 3 entries for 3 actions; expected 4: one before each action ...
    """

    observations: Mapping[str, Array]
    actions: Array
    infos: Mapping[str, Array] = field(default_factory=dict)
    seed: int = 0
    variant: int = 0
    metrics: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        steps = len(self.actions)
        for key, values in self.observations.items():
            if len(values) != steps + 1:
                raise DataError(
                    f"observation {key!r} has {len(values)} entries for {steps} actions; expected {steps + 1}: "
                    "one before each action and one after the last."
                )

    def __len__(self) -> int:
        return len(self.actions)


class Demonstrations(Sequence[Episode]):
    """A set of episodes and where they came from (task, expert, seed, split), as JSON in ``source``."""

    def __init__(self, episodes: Sequence[Episode], source: Mapping[str, Any] | None = None) -> None:
        self._episodes = tuple(episodes)
        self.source: dict[str, Any] = dict(source or {})

    @overload
    def __getitem__(self, index: int) -> Episode: ...
    @overload
    def __getitem__(self, index: slice) -> Demonstrations: ...
    def __getitem__(self, index: int | slice) -> Episode | Demonstrations:
        if isinstance(index, slice):
            return Demonstrations(self._episodes[index], self.source)
        return self._episodes[index]

    def __len__(self) -> int:
        return len(self._episodes)

    def __iter__(self) -> Iterator[Episode]:
        return iter(self._episodes)

    @property
    def steps(self) -> int:
        """Number of actions in all episodes."""
        return sum(len(episode) for episode in self)

    def stacked(self, key: str) -> Array:
        """Return an observation before each action, of all episodes: ``(steps, ...)``.

        Raises:
            DataError: the key is missing, or shapes differ between episodes.
        """
        parts = [episode.observations[key][:-1] for episode in self._checked(key)]
        return _concatenate(parts, f"observation {key!r}")

    def stacked_actions(self) -> Array:
        """Return all actions, ``(steps, ...)``.

        Raises:
            DataError: shapes differ between episodes.
        """
        return _concatenate([episode.actions for episode in self], "actions")

    def content_hash(self) -> str:
        """Return a SHA-256 of all arrays: equal data, equal hash, whatever file they came from."""
        digest = hashlib.sha256()
        for episode in self:
            arrays = {**{f"observation/{k}": v for k, v in episode.observations.items()}, "action": episode.actions}
            for name in sorted(arrays):
                array = np.ascontiguousarray(arrays[name])
                digest.update(json.dumps([name, str(array.dtype), array.shape]).encode())
                digest.update(array.tobytes())
        return digest.hexdigest()

    def _checked(self, key: str) -> tuple[Episode, ...]:
        if not self._episodes:
            raise DataError("these demonstrations are empty; collect at least one episode")
        known = self._episodes[0].observations
        if key not in known:
            raise DataError(f"no observation {key!r} in these demonstrations; they have {', '.join(sorted(known))}")
        return self._episodes


def _concatenate(parts: list[Array], what: str) -> Array:
    shapes = sorted({part.shape[1:] for part in parts})
    if len(shapes) != 1:
        raise DataError(f"{what} have several shapes ({shapes[:3]}…): iterate over the episodes instead of stacking")
    return np.concatenate(parts)


class Joined(Demonstrations):
    """Episodes that are views of arrays over all of them, which may lie in files (``numpy.memmap``): nothing is copied.

    ``observations[k]`` is ``(steps + episodes, ...)``, ``actions`` ``(steps, ...)``; ``lengths`` are those of episodes.
    """

    def __init__(
        self,
        observations: Mapping[str, Array],
        actions: Array,
        lengths: Sequence[int],
        source: Mapping[str, Any] | None = None,
    ) -> None:
        self._arrays, self._all_actions, self._lengths = dict(observations), actions, [int(n) for n in lengths]
        ends = np.cumsum([0, *self._lengths])
        if len(actions) != ends[-1]:
            raise DataError(f"episodes have {ends[-1]} steps, and there are {len(actions)} actions")
        episodes = [
            Episode(
                {key: values[start + n : stop + n + 1] for key, values in self._arrays.items()}, actions[start:stop]
            )
            for n, (start, stop) in enumerate(pairwise(ends))
        ]
        super().__init__(episodes, source)

    def part(self, start: int, stop: int) -> Joined:
        """Return the episodes from ``start`` to before ``stop``."""
        ends = np.cumsum([0, *self._lengths])
        first, last = int(ends[start]), int(ends[stop])
        seen = {key: values[first + start : last + stop] for key, values in self._arrays.items()}
        return Joined(seen, self._all_actions[first:last], self._lengths[start:stop], self.source)

    def joined(self, key: str) -> Array:
        """Return the array of all entries of an observation itself: ``(steps + episodes, ...)``.

        Raises:
            DataError: there is no such observation.
        """
        self._checked(key)
        return self._arrays[key]

    def stacked_actions(self) -> Array:
        """Return the array of all actions itself."""
        return self._all_actions
