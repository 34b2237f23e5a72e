"""What a device would have waited for: counted, with the line of source that asked for it."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import torch

TORCH = str(Path(torch.__file__).parent)
HERE = str(Path(__file__).parent)
SKIPPED = (TORCH, HERE, "<", str(Path(sys.__stdlib_file__).parent) if hasattr(sys, "__stdlib_file__") else HERE)


@dataclass
class Counts:
    """Waits of the host for the device, by operation and by place, and copies over the bus, by place.

    ``syncs`` counts what makes the host wait on CUDA: scalars that are read, copies to the host, shapes that depend on
    data, error codes that are checked, and copies to the device that are not ``non_blocking``. ``to_device`` and
    ``to_host`` count copies; a place is ``"folder/file.py:line"``.
    """

    syncs: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)
    to_device: Counter[str] = field(default_factory=Counter)
    to_host: Counter[str] = field(default_factory=Counter)

    @property
    def total(self) -> int:
        """All waits."""
        return sum(self.syncs.values())

    def clear(self) -> None:
        """Begin at zero again."""
        for counter in (self.syncs, self.places, self.to_device, self.to_host):
            counter.clear()

    def __str__(self) -> str:
        places = ", ".join(f"{place} ({count})" for place, count in self.places.most_common())
        return f"{self.total} waits of the host{': ' if places else ''}{places}"


_counted: list[Counts] = [Counts()]
"""Where counts go: the innermost block's is the last."""


def waited(what: str) -> None:
    """Count one wait of the host."""
    _counted[-1].syncs[what] += 1
    _counted[-1].places[place()] += 1


def copied(to_host: bool) -> None:
    """Count one copy over the bus."""
    counts = _counted[-1]
    (counts.to_host if to_host else counts.to_device)[place()] += 1


def place() -> str:
    """Return the innermost line of source outside torch, as ``"folder/file.py:line"``."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None and frame.f_code.co_filename.startswith(SKIPPED):
        frame = frame.f_back
    if frame is None:
        return "?"
    path = Path(frame.f_code.co_filename)
    return f"{path.parent.name}/{path.name}:{frame.f_lineno}"


@contextmanager
def counting() -> Iterator[Counts]:
    """Count what happens within a block; the counts are added to those around it at its end, and stay as they are."""
    counts = Counts()
    _counted.append(counts)
    try:
        yield counts
    finally:
        _counted.pop()
        for mine, outer in zip(_counters(counts), _counters(_counted[-1]), strict=True):
            outer.update(mine)


def _counters(counts: Counts) -> tuple[Counter[str], ...]:
    return counts.syncs, counts.places, counts.to_device, counts.to_host
