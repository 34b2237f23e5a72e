"""Online training: batches from a buffer that the expert fills while the policy trains; nothing goes through a disk.

After Meyer et al. (2023), arXiv:2306.16133 (Melissa). What is in the buffer at a step is a function of the seed and of
the log of arrivals, so that a run with the same log gives the same weights, whoever made the trajectories; with a pace
(``collect.rate``) the log itself follows from the step.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from simplatform.contracts import Batch, Task
from simplatform.demonstrations import Demonstrations
from simplatform.demonstrations.windows import window_indices
from simplatform.errors import DataError
from simplatform.pipeline.buffers import check_capacity, make_buffer
from simplatform.pipeline.stream import Source, Trajectory, make_again, next_kept
from simplatform.recipes.config import CollectConfig
from simplatform.seeding import derive, moved


@dataclass(frozen=True)
class Arrival:
    """A trajectory came into the buffer: its number, the step before which it came, and how many windows it has."""

    trajectory: int
    step: int
    windows: int


@dataclass(frozen=True)
class Shape:
    """The windows that a policy wants, and where."""

    observe: int
    horizon: int
    execute: int
    device: torch.device


class OnlineWindows:
    """What ``Windows`` is for demonstrations, for a stream of them.

    ``batch`` moves time on: what may come in by its step comes in, and samples are drawn. A step that was asked for
    before is answered alike, and so is one after the last.
    """

    def __init__(
        self,
        task: Task,
        config: CollectConfig,
        shape: Shape,
        seed: int,
        steps: int,
        open_source: Callable[[int], Source],
        given: Sequence[Arrival] = (),
        closed: bool = False,
    ) -> None:
        """Prepare a training of ``steps``; ``open_source(number)`` begins to make trajectories, ``given`` is a log of
        arrivals to follow. After a ``closed`` log, that of a whole training, nothing comes in that is not needed.
        """
        self._task, self._config, self._shape, self._seed, self._steps = task, config, shape, seed, steps
        self._open, self._given, self._closed = open_source, list(given), closed
        self._buffer = make_buffer(config.buffer, config.capacity, config.threshold)
        self._source = open_source(0)
        self._coming: list[Trajectory] = []
        self.arrivals: list[Arrival] = []
        self._rows: dict[int, tuple[int, int]] = {}
        self._left: dict[int, int] = {}
        self._episodes: dict[int, dict[str, Tensor]] = {}
        self._step, self._chosen = -1, list[int]()

    def first(self) -> Demonstrations:
        """Return the first trajectories, which statistics are measured on; they come into the buffer as well."""
        while len(self._coming) < self._config.first:
            self._coming.append(next_kept(self._source, self._task))
        episodes = [one.episode for one in self._coming if one.episode is not None]
        return Demonstrations(episodes, {"task": self._task.name, "split": "train", "online": True})

    def batch(self, size: int, *, seed: int, step: int, piece: int = 0, pieces: int = 1) -> Batch:
        """Return the batch of a training step, or a piece of it."""
        if self._step < step < self._steps:
            self._advance(step, size)
        return self._gather([int(n) for n in np.array_split(self._chosen, pieces)[piece]])

    def replay(self, steps: int, size: int) -> None:
        """Go on from a training of ``steps`` steps: follow the given log, and make again what is still held."""
        log, self._coming = {one.trajectory: one for one in self._given}, []
        coming = [Trajectory(number, None) for number in log]
        for step in range(steps):
            self._step = step
            while coming and self._may_enter(step, size):
                if not self._admit(coming[0].number, log[coming[0].number].windows):
                    break
                coming.pop(0)
            self._chosen = self._buffer.draw(size, step, self._random("draw", step))
            self._forget()
        held = sorted(self._left)
        for one in make_again(self._task, self._seed, held):
            self._keep(one)
        self._source.close()
        done = 1 + max((one.trajectory for one in self.arrivals), default=-1)
        self._source = self._open(done)

    def measured(self) -> dict[str, float]:
        """Return what is logged beside the loss."""
        return {
            "buffer": float(len(self._buffer)),
            "unseen": float(self._buffer.unseen()),
            "trajectories": float(len(self.arrivals)),
        }

    def rows(self) -> list[dict[str, Any]]:
        """Return the history of every sample: where it comes from, its draws, and its age, in steps."""
        table = []
        for one, first in zip(self.arrivals, self._firsts(), strict=True):
            for place in range(one.windows):
                sample = self._buffer.samples[first + place]
                end = self._step if sample.left < 0 else sample.left
                table.append({
                    "split": "train", "trajectory": one.trajectory, "window": place, "arrived": sample.arrived,
                    "draws": sample.draws, "last": sample.last, "left": sample.left, "age": end - sample.arrived,
                })  # fmt: skip
        return table

    def close(self) -> None:
        """Stop the producers."""
        self._source.close()

    def _advance(self, step: int, size: int) -> None:
        self._step = step
        while self._may_enter(step, size):
            if not self._coming:
                self._coming.append(next_kept(self._source, self._task))
            if not self._enter(self._coming[0], size):
                break  # full of unseen samples: the producers wait
            self._coming.pop(0)
        self._chosen = self._buffer.draw(size, step, self._random("draw", step))
        self._forget()

    def _may_enter(self, step: int, size: int) -> bool:
        """Return whether one more trajectory may come in before a step, or must."""
        entered = len(self.arrivals)
        if entered < len(self._given):
            return self._given[entered].step <= step or not self._buffer.ready(size)
        if not self._buffer.ready(size):
            return True
        if self._closed:
            return False
        if self._config.rate:
            return entered < self._config.first + int(step * self._config.rate)
        return bool(self._coming) or self._source.waiting() > 0

    def _enter(self, one: Trajectory, size: int) -> bool:
        assert one.episode is not None
        shape = self._shape
        count = len(window_indices(len(one.episode), shape.observe, shape.horizon, shape.execute))
        entered = len(self.arrivals)
        if entered < len(self._given) and one.number != self._given[entered].trajectory:
            raise DataError(
                f"the log of arrivals has trajectory {self._given[entered].trajectory} where number {one.number} was "
                "made: it belongs to another task or other code"
            )
        check_capacity(self._buffer, size, count)
        if not self._admit(one.number, count):
            return False
        self._keep(one)
        return True

    def _admit(self, trajectory: int, count: int) -> bool:
        """Take a trajectory's windows into the buffer, if there is room."""
        if self._buffer.room() < count:
            return False
        step = max(self._step, 0)
        numbers = self._buffer.add(count, step, self._random("evict", trajectory))
        self._rows.update({number: (trajectory, place) for place, number in enumerate(numbers)})
        self._left[trajectory] = count
        self.arrivals.append(Arrival(trajectory, step, count))
        self._forget()
        return True

    def _keep(self, one: Trajectory) -> None:
        """Hold the data of a trajectory."""
        assert one.episode is not None
        shape = self._shape
        indices = window_indices(len(one.episode), shape.observe, shape.horizon, shape.execute)
        fields = {f"o.{key}": torch.as_tensor(values) for key, values in one.episode.observations.items()}
        whole = {**fields, "action": torch.as_tensor(one.episode.actions), "steps": torch.as_tensor(indices)}
        self._episodes[one.number] = whole

    def _forget(self) -> None:
        """Let go of trajectories of which no window is held."""
        held = set(self._buffer.held())
        gone = [number for number in self._rows if number not in held and number not in self._chosen]
        for number in gone:
            trajectory, _ = self._rows.pop(number)
            self._left[trajectory] -= 1
            if not self._left[trajectory]:
                del self._left[trajectory]
                self._episodes.pop(trajectory, None)

    def _gather(self, numbers: Sequence[int]) -> Batch:
        seen: dict[str, list[Tensor]] = {}
        actions = []
        for number in numbers:
            trajectory, place = self._rows[number]
            episode = self._episodes[trajectory]
            steps = episode["steps"][place]
            for key in (name for name in episode if name.startswith("o.")):
                seen.setdefault(key[2:], []).append(episode[key][steps[: self._shape.observe]])
            actions.append(episode["action"][steps])
        fields = {key: moved(torch.stack(values), self._shape.device) for key, values in seen.items()}
        return Batch(fields, moved(torch.stack(actions), self._shape.device))

    def _random(self, purpose: str, number: int) -> np.random.Generator:
        return np.random.default_rng(derive(self._seed, f"online {purpose}", number))

    def _firsts(self) -> list[int]:
        return [0, *np.cumsum([one.windows for one in self.arrivals])[:-1].tolist()] if self.arrivals else []
