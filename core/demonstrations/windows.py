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
from simplatform.demonstrations.episode import Array, Demonstrations, Joined
from simplatform.errors import DataError
from simplatform.seeding import derive, moved

Collate = Callable[[list[dict[str, Any]]], Batch]

SHARE = 0.5
"""Share of a GPU's free memory that demonstrations may take; larger sets stay in the host's memory."""


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
    """All windows of a set of demonstrations, drawn in an order that is a pure function of (seed, step).

    Demonstrations live on the device where they fit, and batches are gathered there from an order that is sent once an
    epoch: the host never waits. A larger set stays with the host, which gathers a batch and sends it while the device
    computes on the one before.
    """

    def __init__(
        self,
        demonstrations: Demonstrations,
        *,
        observe: int,
        horizon: int,
        execute: int,
        device: torch.device | str = "cpu",
        collate: Collate | None = None,
        resident: bool | None = None,
    ) -> None:
        """Index the windows; with ``collate``, samples may differ in shape and are joined by it, on the host.

        ``resident`` says whether the demonstrations live on the device; None decides by its free memory.

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
        self._order: tuple[tuple[int, int], Tensor] | None = None
        if collate is None:
            self._fields, self._actions = self._flat()
            self._steps, self._entries = self._joined_steps()
            if _fits([*self._fields.values(), self._actions], self._device) if resident is None else resident:
                self._fields = {key: value.to(self._device) for key, value in self._fields.items()}
                self._actions = self._actions.to(self._device)
                self._steps, self._entries = self._steps.to(self._device), self._entries.to(self._device)

    def __len__(self) -> int:
        return len(self._where)

    def batch(self, size: int, *, seed: int, step: int, piece: int = 0, pieces: int = 1) -> Batch:
        """Return the batch of one training step, or a piece of it: epochs of shuffled windows, without replacement."""
        positions = np.array_split(np.arange(step * size, (step + 1) * size), pieces)[piece]
        parts, first, end = [], int(positions[0]), int(positions[-1]) + 1
        while first < end:
            epoch, start = divmod(first, len(self))
            stop = min(start + end - first, len(self))
            parts.append(self._shuffled(seed, epoch)[start:stop])
            first += stop - start
        return self.take(torch.cat(parts))

    def measured(self) -> dict[str, float]:
        """Return what is logged beside the loss: nothing, since nothing changes."""
        return {}

    def take(self, chosen: Array | Tensor) -> Batch:
        """Return the windows with the given numbers."""
        if self._collate is not None:
            return self._collate([self._sample(int(i)) for i in chosen])
        chosen = moved(torch.as_tensor(chosen), self._steps.device)
        steps, seen = self._steps[chosen], self._entries[chosen]
        fields = {key: moved(values[seen], self._device) for key, values in self._fields.items()}
        return Batch(fields, moved(self._actions[steps], self._device))

    def _shuffled(self, seed: int, epoch: int) -> Tensor:
        """Return the order of an epoch, where windows are gathered."""
        if self._order is None or self._order[0] != (seed, epoch):
            rng = np.random.default_rng(derive(seed, "windows", epoch))
            where = self._steps.device if self._collate is None else torch.device("cpu")
            self._order = ((seed, epoch), moved(torch.as_tensor(rng.permutation(len(self))), where))
        return self._order[1]

    def _flat(self) -> tuple[Mapping[str, Tensor], Tensor]:
        keys = self._episodes[0].observations
        whole = self._episodes.joined if isinstance(self._episodes, Joined) else self._episodes.stacked
        fields = {key: torch.as_tensor(whole(key)) for key in keys}
        return fields, torch.as_tensor(self._episodes.stacked_actions())

    def _joined_steps(self) -> tuple[Tensor, Tensor]:
        """Return the steps of all windows, counted through all episodes, ``(windows, horizon)``, and where their
        observations stand, ``(windows, observe)``: mapped episodes have one more of them than steps."""
        lengths = [len(episode) for episode in self._episodes]
        offsets = np.concatenate([[0], np.cumsum(lengths)[:-1]])
        steps = self._where[:, 1:] + offsets[self._where[:, :1]]
        more = self._where[:, :1] if isinstance(self._episodes, Joined) else 0
        entries = steps[:, : self._observe] + more
        return torch.as_tensor(steps), torch.as_tensor(entries)

    def _sample(self, number: int) -> dict[str, Any]:
        episode = self._episodes[int(self._where[number, 0])]
        steps = self._where[number, 1:]
        seen = steps[: self._observe]
        observation = {key: torch.as_tensor(values[seen]) for key, values in episode.observations.items()}
        return {"observation": observation, "action": torch.as_tensor(episode.actions[steps])}


def _fits(tensors: list[Tensor], device: torch.device) -> bool:
    """Return whether tensors fit into their share of a device's free memory."""
    if device.type != "cuda":
        return True
    free, _ = torch.cuda.mem_get_info(device)
    return sum(tensor.nbytes for tensor in tensors) <= SHARE * free


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
