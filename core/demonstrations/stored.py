"""Arrays that stay in their file until they are looked at: clouds and images of recordings, read a piece at a time."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import numpy as np

from simplatform.demonstrations.episode import Array, Demonstrations

PIECE = 32 << 20
"""Bytes that are read at once, at most, where a single row is not more."""


class Stored:
    """An array ``(n, ...)`` whose rows are read when it is indexed along its first axis, and kept by nobody.

    ``read(start, stop)`` returns rows of the file. With ``repeat``, the last of them stands once more at the end: the
    observation after the last action, which many formats do not have.
    """

    def __init__(
        self, shape: Sequence[int], dtype: Any, read: Callable[[int, int], Array], repeat: bool = False
    ) -> None:
        self._rows, self._read = shape[0], read
        self.shape = (shape[0] + repeat, *shape[1:])
        self.dtype, self.ndim = np.dtype(dtype), len(shape)

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def size(self) -> int:
        """Number of values."""
        return int(np.prod(self.shape))

    def __getitem__(self, index: Any) -> Array:
        if isinstance(index, tuple):
            rows = index[0] if isinstance(index[0], slice | list | np.ndarray) else [index[0]]
            found: Array = self[rows][(slice(None), *index[1:])]
            return found if rows is index[0] else found[0]
        if isinstance(index, slice) and index.step in (None, 1):
            start, stop, _ = index.indices(len(self))
            return self._between(start, max(start, stop))
        if isinstance(index, slice | list | np.ndarray):
            whole: Array = self[:][index]
            return whole
        number = range(len(self))[operator.index(index)]
        row: Array = self._between(number, number + 1)[0]
        return row

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        found: Array = self[:].astype(dtype or self.dtype, copy=False)
        return found

    def __iter__(self) -> Iterator[Array]:
        return (row for piece in pieces(self) for row in piece)

    def _between(self, start: int, stop: int) -> Array:
        """Return rows; those beyond the file's are its last one."""
        there = self._read(min(start, self._rows - 1), min(stop, self._rows)) if self._rows and stop > start else None
        if there is None:
            return np.zeros((stop - start, *self.shape[1:]), self.dtype)
        there = np.asarray(there, self.dtype)
        missing = stop - start - len(there)
        return np.concatenate([there, np.repeat(there[-1:], missing, 0)]) if missing else there


def stored(
    shape: Sequence[int], dtype: Any, read: Callable[[int, int], Array], repeat: bool = False
) -> Array:  # fmt: skip
    """Return a ``Stored`` array, as what it stands for: readers of episodes index it like any other."""
    return cast(Array, Stored(shape, dtype, read, repeat))


def pieces(values: Any) -> Iterator[Array]:
    """Yield the rows of an array, as many at a time as fit into ``PIECE``."""
    row = int(np.prod(values.shape[1:])) * values.dtype.itemsize
    step = max(1, PIECE // max(row, 1))
    for start in range(0, len(values), step):
        yield np.asarray(values[start : start + step])


def loaded(demonstrations: Demonstrations) -> Demonstrations:
    """Return demonstrations whose arrays are all in memory."""
    from dataclasses import replace

    def whole(values: Any) -> Array:
        return values[:] if isinstance(values, Stored) else values

    episodes = [
        replace(episode, observations={key: whole(values) for key, values in episode.observations.items()})
        if any(isinstance(values, Stored) for values in episode.observations.values())
        else episode
        for episode in demonstrations
    ]
    return Demonstrations(episodes, demonstrations.source)
