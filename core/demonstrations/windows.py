"""Windows of demonstrations: the batches that training sees.

A window covers ``horizon`` steps. It shows the first ``observe`` observations and all actions. As in Diffusion Policy,
the first observation is repeated before an episode starts and the last action after it ends, so that every step can be
the newest one and every chunk is full.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

from simplatform.contracts import Batch
from simplatform.demonstrations.episode import Array, Demonstrations
from simplatform.errors import DataError
from simplatform.seeding import derive

Collate = Callable[[list[dict[str, Any]]], Batch]


def window_indices(length: int, observe: int, horizon: int, execute: int) -> Array:
    """Return the step indices of all windows of an episode of ``length`` steps: ``(windows, horizon)``.

    The first window has its newest observation at step 0; the last one starts so late that ``execute - 1`` repeated
    actions follow the end.

    >>> window_indices(5, observe=2, horizon=4, execute=1).tolist()
    [[0, 0, 1, 2], [0, 1, 2, 3], [1, 2, 3, 4]]
    """
    before, after = observe - 1, execute - 1
    starts = np.arange(-before, max(length - horizon + after, -before) + 1)
    values: Array = np.clip(starts[:, None] + np.arange(horizon), 0, length - 1)
    return values


class Windows:
    """All windows of a set of demonstrations, drawn in an order that is a pure function of (seed, step)."""

    def __init__(
        self,
        demonstrations: Demonstrations,
        *,
        observe: int,
        horizon: int,
        execute: int,
        device: torch.device | str = "cpu",
        collate: Collate | None = None,
    ) -> None:
        """Index the windows; with ``collate``, samples may differ in shape and are joined by it.

        Raises:
            DataError: there is nothing to draw from, or shapes differ and no ``collate`` is given.
        """
        if not len(demonstrations):
            raise DataError("there are no demonstrations to train on; collect at least one")
        self._where = _places(demonstrations, observe, horizon, execute)
        self._observe = observe
        self._collate = collate
        self._device = torch.device(device)
        self._episodes = demonstrations
        self._order: tuple[int, Array] = (-1, np.empty(0, int))
        if collate is None:
            self._fields, self._actions = self._flat()

    def __len__(self) -> int:
        return len(self._where)

    def batch(self, size: int, *, seed: int, step: int, piece: int = 0, pieces: int = 1) -> Batch:
        """Return the batch of one training step, or a piece of it: epochs of shuffled windows, without replacement."""
        positions = np.array_split(np.arange(step * size, (step + 1) * size), pieces)[piece]
        chosen = [self._shuffled(seed, int(p // len(self)))[p % len(self)] for p in positions]
        return self.take(np.asarray(chosen))

    def take(self, chosen: Array) -> Batch:
        """Return the windows with the given numbers."""
        if self._collate is not None:
            return self._collate([self._sample(int(i)) for i in chosen])
        steps = torch.as_tensor(self._where[chosen, 1:] + self._offsets[self._where[chosen, :1]], device=self._device)
        seen = steps[:, : self._observe]
        return Batch({key: values[seen] for key, values in self._fields.items()}, self._actions[steps])

    def _shuffled(self, seed: int, epoch: int) -> Array:
        if self._order[0] != epoch:
            rng = np.random.default_rng(derive(seed, "windows", epoch))
            self._order = (epoch, rng.permutation(len(self)))
        return self._order[1]

    def _flat(self) -> tuple[Mapping[str, Tensor], Tensor]:
        lengths = [len(episode) for episode in self._episodes]
        self._offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        keys = self._episodes[0].observations
        fields = {key: torch.as_tensor(self._episodes.stacked(key), device=self._device) for key in keys}
        return fields, torch.as_tensor(self._episodes.stacked_actions(), device=self._device)

    def _sample(self, number: int) -> dict[str, Any]:
        episode = self._episodes[int(self._where[number, 0])]
        steps = self._where[number, 1:]
        seen = steps[: self._observe]
        observation = {key: torch.as_tensor(values[seen]) for key, values in episode.observations.items()}
        return {"observation": observation, "action": torch.as_tensor(episode.actions[steps])}


def _places(demonstrations: Demonstrations, observe: int, horizon: int, execute: int) -> Array:
    """Return ``(windows, 1 + horizon)``: the episode and the steps in it."""
    parts = []
    for number, episode in enumerate(demonstrations):
        if len(episode):
            steps = window_indices(len(episode), observe, horizon, execute)
            parts.append(np.concatenate([np.full((len(steps), 1), number), steps], axis=1))
    if not parts:
        raise DataError("all demonstrations are empty: no action in any episode")
    return np.concatenate(parts)
