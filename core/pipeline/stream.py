"""Trajectories as they are made: producers run the expert while the policy trains, and wait when nobody takes.

Producers are the executors that collect everywhere else; what one of them was doing when it died is done again. A
trajectory is a function of the task, the seed and its number, so that who made it and when changes nothing in it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Protocol

from simplatform.contracts import Task
from simplatform.demonstrations import Episode
from simplatform.errors import DataError, UsageError
from simplatform.executors import Executor, ProcessExecutor, available_cores, executor
from simplatform.pipeline.batches import run_batch
from simplatform.pipeline.shards import EpisodeShard, episode_shard

AHEAD = 8
"""Trajectories that wait at most to be taken, beside those that are being made."""
HOPELESS = 50
"""Failed episodes in a row after which an expert is given up."""


@dataclass(frozen=True)
class Trajectory:
    """An episode of the expert, and its number in the split; None where it failed or was not kept."""

    number: int
    episode: Episode | None
    failure: str = ""


Group = tuple[int, tuple[EpisodeShard, ...]]


class Source(Protocol):
    """Where trajectories come from, in the order of their numbers."""

    def take(self) -> Trajectory:
        """Return the next one, and wait for it."""

    def waiting(self) -> int:
        """Return how many could be taken at once."""

    def close(self) -> None:
        """Stop the producers."""


def groups(task: Task, seed: int, first: int, size: int) -> Iterator[Group]:
    """Yield shards of the training split from number ``first`` on, ``size`` to be made together."""
    for start in count(first, size):
        yield start, tuple(episode_shard(task, "train", seed, number) for number in range(start, start + size))


def produce(task: Task, group: Group) -> list[Trajectory]:
    """Run a group; what a producer does."""
    first, shards = group
    made = []
    for number, result in enumerate(run_batch(shards), first):
        good = not result.failure and (task.keep is None or result.episode.metrics[task.keep] >= 0.5)
        kept = result.episode if good and len(result.episode) else None
        made.append(Trajectory(number, kept, result.failure))
    return made


def make_again(task: Task, seed: int, numbers: list[int]) -> Iterator[Trajectory]:
    """Make trajectories of known numbers, in this process."""
    for number in numbers:
        yield from produce(task, (number, (episode_shard(task, "train", seed, number),)))


class Inline:
    """Makes trajectories in this process, when they are wanted."""

    def __init__(self, task: Task, work: Iterator[Group]) -> None:
        self._made = (one for group in work for one in produce(task, group))

    def take(self) -> Trajectory:
        """Make the next one."""
        return next(self._made)

    def waiting(self) -> int:
        """Return 0: nothing is made ahead."""
        return 0

    def close(self) -> None:
        """Nothing runs."""


class Stream:
    """Producers of their own, followed by a thread: it holds back where ``AHEAD`` trajectories wait."""

    def __init__(self, task: Task, work: Iterator[Group], producers: Executor) -> None:
        self._queue: queue.Queue[Trajectory | BaseException] = queue.Queue(AHEAD)
        self._ended = threading.Event()
        self._thread = threading.Thread(
            target=self._follow, args=(producers, partial(produce, task), work), daemon=True
        )
        self._thread.start()

    def take(self) -> Trajectory:
        """Return the next one, and wait for it.

        Raises:
            SimplatformError: what ended the producers.
        """
        found = self._queue.get()
        if isinstance(found, BaseException):
            raise found
        return found

    def waiting(self) -> int:
        """Return how many could be taken at once."""
        return self._queue.qsize()

    def close(self) -> None:
        """Stop the producers, and wait until they are gone."""
        self._ended.set()
        while self._thread.is_alive():
            with suppress(queue.Empty):
                self._queue.get_nowait()
            self._thread.join(0.05)

    def _follow(self, producers: Executor, make: Callable[[Group], list[Trajectory]], work: Iterator[Group]) -> None:
        made = producers.map(make, work)
        try:
            for group in made:
                for one in group:
                    self._put(one)
                if self._ended.is_set():
                    return
        except BaseException as error:
            self._put(error)
        finally:
            if isinstance(made, Generator):
                made.close()

    def _put(self, one: Trajectory | BaseException) -> None:
        while not self._ended.is_set():
            with suppress(queue.Full):
                self._queue.put(one, timeout=0.1)
                return


def source(task: Task, seed: int, first: int, size: int, workers: int, kind: str) -> Source:
    """Return what makes the trajectories from number ``first`` on.

    ``kind`` and ``workers`` choose the executor as everywhere; with none said, a process of its own makes them beside
    the training.

    Raises:
        UsageError: an executor that wants to know all of its work before it begins.
    """
    work = groups(task, seed, first, size)
    if kind.partition(":")[0] == "slurm":
        raise UsageError("online training wants producers that go on without end: --executor process or ray")
    if kind == "local":
        return Inline(task, work)
    some = workers or max(available_cores() - 1, 1)
    return Stream(task, work, ProcessExecutor(some) if kind in ("", "process") else executor(some, kind))


def next_kept(where: Source, task: Task) -> Trajectory:
    """Return the next trajectory that is good.

    Raises:
        DataError: the expert fails again and again.
    """
    for _ in range(HOPELESS):
        found = where.take()
        if found.episode is not None:
            return found
    raise DataError(
        f"the expert of {task.name} gave no trajectory to keep in {HOPELESS} episodes, the last of them number "
        f"{found.number} ({found.failure or f'it missed {task.keep!r}'}): mend the expert or the environment"
    )
