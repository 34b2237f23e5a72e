"""Buffers of online training: which samples there are, which are drawn, and which make room; never one that is unseen.

After Meyer et al. (2023), Training deep surrogate models with large scale online learning, arXiv:2306.16133. Samples
are numbers here, in the order in which they came: what they hold is somebody else's business.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass

import numpy as np

from simplatform.errors import ConfigError

Random = np.random.Generator


@dataclass
class Sample:
    """The history of a sample, in training steps; −1 is not yet."""

    arrived: int
    draws: int = 0
    last: int = -1
    left: int = -1


class Buffer(ABC):
    """At most ``capacity`` samples; batches are drawn once ``threshold`` of them are there."""

    def __init__(self, capacity: int, threshold: int) -> None:
        self.capacity, self.threshold = capacity, threshold
        self.samples: list[Sample] = []

    @abstractmethod
    def __len__(self) -> int:
        """Return how many samples are held."""

    @abstractmethod
    def held(self) -> list[int]:
        """Return their numbers."""

    @abstractmethod
    def room(self) -> int:
        """Return how many samples may come without an unseen one being lost."""

    def ready(self, size: int) -> bool:
        """Return whether a batch can be drawn."""
        return len(self) >= max(self.threshold, size)

    def add(self, count: int, step: int, random: Random) -> range:
        """Take samples, for which there must be ``room``; returns their numbers."""
        numbers = range(len(self.samples), len(self.samples) + count)
        for number in numbers:
            self._make_room(step, random)
            self.samples.append(Sample(step))
            self._take(number)
        return numbers

    def draw(self, size: int, step: int, random: Random) -> list[int]:
        """Return the numbers of a batch, and note that they were seen."""
        numbers = self._draw(size, step, random)
        for number in numbers:
            self.samples[number].draws += 1
            self.samples[number].last = step
        return numbers

    def unseen(self) -> int:
        """Return how many of the held samples were never drawn."""
        return sum(not self.samples[number].draws for number in self.held())

    def _make_room(self, step: int, random: Random) -> None:  # noqa: B027  # not abstract: most need none
        """Let a seen sample go where the buffer is full."""

    @abstractmethod
    def _take(self, number: int) -> None:
        """Hold a sample."""

    @abstractmethod
    def _draw(self, size: int, step: int, random: Random) -> list[int]:
        """Return the numbers of a batch."""


class SeenOnce(Buffer):
    """Every sample is seen once and leaves when it is drawn; subclasses hold the waiting ones and say which is next."""

    _held: deque[int] | list[int]

    def __len__(self) -> int:
        return len(self._held)

    def held(self) -> list[int]:
        """Return their numbers."""
        return list(self._held)

    def room(self) -> int:
        """Return the free places: all that are held are unseen."""
        return self.capacity - len(self)

    def _take(self, number: int) -> None:
        self._held.append(number)

    def _draw(self, size: int, step: int, random: Random) -> list[int]:
        numbers = [self._next(random) for _ in range(size)]
        for number in numbers:
            self.samples[number].left = step
        return numbers

    @abstractmethod
    def _next(self, random: Random) -> int: ...


class FIFO(SeenOnce):
    """First in, first out: every sample is seen once, in the order of arrival. It does not wait for a threshold."""

    _held: deque[int]

    def __init__(self, capacity: int, threshold: int) -> None:
        super().__init__(capacity, 0)
        self._held = deque()

    def _next(self, random: Random) -> int:
        return self._held.popleft()


class FIRO(SeenOnce):
    """First in, random out: every sample is seen once, in random order above a threshold."""

    _held: list[int]

    def __init__(self, capacity: int, threshold: int) -> None:
        super().__init__(capacity, threshold)
        self._held = []

    def _next(self, random: Random) -> int:
        return _popped(self._held, int(random.integers(len(self._held))))


class Reservoir(Buffer):
    """Samples stay and are drawn evenly; when it is full, a random one of those that were seen makes room."""

    def __init__(self, capacity: int, threshold: int) -> None:
        super().__init__(capacity, threshold)
        self._seen: list[int] = []
        self._unseen: list[int] = []

    def __len__(self) -> int:
        return len(self._seen) + len(self._unseen)

    def held(self) -> list[int]:
        """Return their numbers."""
        return [*self._seen, *self._unseen]

    def room(self) -> int:
        """Return all places but those of unseen samples."""
        return self.capacity - len(self._unseen)

    def unseen(self) -> int:
        """Return how many of the held samples were never drawn."""
        return len(self._unseen)

    def _make_room(self, step: int, random: Random) -> None:
        if len(self) >= self.capacity:
            gone = _popped(self._seen, int(random.integers(len(self._seen))))
            self.samples[gone].left = step

    def _take(self, number: int) -> None:
        self._unseen.append(number)

    def _draw(self, size: int, step: int, random: Random) -> list[int]:
        places = random.choice(len(self), size, replace=False)
        first = len(self._seen)
        numbers = [self._seen[p] if p < first else self._unseen[p - first] for p in places.tolist()]
        for place in sorted((p - first for p in places.tolist() if p >= first), reverse=True):
            self._seen.append(_popped(self._unseen, place))
        return numbers


BUFFERS: dict[str, type[Buffer]] = {"reservoir": Reservoir, "fifo": FIFO, "firo": FIRO}


def make_buffer(kind: str, capacity: int, threshold: int) -> Buffer:
    """Return an empty buffer."""
    return BUFFERS[kind](capacity, threshold)


def check_capacity(buffer: Buffer, batch: int, arriving: int) -> None:
    """Refuse a buffer in which producers and training could wait for each other.

    Raises:
        ConfigError: samples that come at once have no place beside those that a batch waits for.
    """
    least = max(buffer.threshold, batch) + arriving
    if buffer.capacity < least:
        raise ConfigError(
            f"collect.capacity={buffer.capacity} is too small: a trajectory brings {arriving} samples, and "
            f"{max(buffer.threshold, batch)} must be there before a batch is drawn; set {least} or more"
        )


def _popped(values: list[int], place: int) -> int:
    """Remove and return a value; the last one takes its place."""
    values[place], values[-1] = values[-1], values[place]
    return values.pop()
