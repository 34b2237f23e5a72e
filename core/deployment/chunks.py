"""Which action of which chunk is carried out at a tick.

A chunk ``(K, *action)`` answers the frame of its own tick: its k-th action is for k ticks later. One that comes late
is entered where the robot is by then.
"""

from __future__ import annotations

from collections import deque
from typing import Protocol

import numpy as np

from simplatform.deployment.clouds import Array

DECAY = 0.01
"""Of temporal ensembling: weights are exp(−DECAY · i), i = 0 the oldest chunk (Zhao et al., 2023, arXiv:2304.13705)."""


class Plan(Protocol):
    """Keeps chunks, and says what they give and when another is wanted."""

    def wants(self, tick: int) -> bool:
        """Return whether the policy is to be asked at a tick."""

    def needs(self, tick: int) -> bool:
        """Return whether it is worth waiting for its answer."""

    def add(self, tick: int, chunk: Array) -> None:
        """Take the answer to the frame of a tick."""

    def action(self, tick: int) -> Array | None:
        """Return the action for a tick; None where no chunk reaches so far."""

    def clear(self) -> None:
        """Forget all chunks."""


class Execute:
    """Carries out the first ``execute`` actions of each chunk, as evaluations do, and asks again.

    With ``ahead``, it asks so many ticks before they end, and does not wait for the answer. With ``blend``, the first
    actions of a new chunk are mixed with those that the one before still holds for these ticks, linearly.
    """

    def __init__(self, execute: int, ahead: int = 0, blend: int = 0) -> None:
        self.execute, self.ahead, self.blend = execute, ahead, blend
        self._new: tuple[int, Array] | None = None
        self._old: tuple[int, Array] | None = None
        self._since: int | None = None

    def wants(self, tick: int) -> bool:
        """Return whether the current chunk ends."""
        return self._new is None or tick >= self._new[0] + self.execute - self.ahead

    def needs(self, tick: int) -> bool:
        """Return whether there is no action for this tick."""
        return self._new is None or tick >= self._new[0] + self.execute

    def add(self, tick: int, chunk: Array) -> None:
        """Take the place of the chunk before."""
        self._old, self._new = self._new, (tick, chunk)
        self._since = None

    def action(self, tick: int) -> Array | None:
        """Return the action of the current chunk, mixed with that of the one before where that is asked for."""
        if self._new is None or self.needs(tick):
            return None
        fresh = self._new[1][tick - self._new[0]]
        self._since = tick if self._since is None else self._since
        before = None if self._old is None else _at(self._old, tick)
        share = (tick - self._since + 1) / (self.blend + 1)
        return fresh if before is None or share >= 1 else np.asarray(share * fresh + (1 - share) * before, fresh.dtype)

    def clear(self) -> None:
        """Forget all."""
        self._new = self._old = self._since = None


class Ensemble:
    """Asks at every tick, and averages what all chunks say of it (temporal ensembling of ACT)."""

    def __init__(self, length: int, decay: float = DECAY) -> None:
        self.decay = decay
        self._chunks: deque[tuple[int, Array]] = deque(maxlen=length)

    def wants(self, tick: int) -> bool:
        """Return whether the newest chunk is of an earlier tick."""
        return not self._chunks or self._chunks[-1][0] < tick

    def needs(self, tick: int) -> bool:
        """Return the same: a tick is worth a new chunk."""
        return self.wants(tick)

    def add(self, tick: int, chunk: Array) -> None:
        """Keep it beside the others."""
        self._chunks.append((tick, chunk))

    def action(self, tick: int) -> Array | None:
        """Return the weighted mean."""
        found = [value for one in self._chunks if (value := _at(one, tick)) is not None]
        if not found:
            return None
        weights = np.exp(-self.decay * np.arange(len(found)))
        return np.asarray(np.average(found, axis=0, weights=weights), found[0].dtype)

    def clear(self) -> None:
        """Forget all."""
        self._chunks.clear()


def _at(chunk: tuple[int, Array], tick: int) -> Array | None:
    start, actions = chunk
    value: Array | None = actions[tick - start] if tick - start < len(actions) else None
    return value
