"""What a file of fields holds: trajectories on one grid, read one at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from simplatform.budgets import check_arrays, memory_within
from simplatform.errors import DataError

Fields = NDArray[np.float32]
Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class FieldRecording:
    """``count`` trajectories of ``frames`` frames each.

    ``read(i)`` returns one of them, ``(frames, C, *points)`` float32, from the file. ``parameters`` is ``(count, P)``.
    ``lengths`` are those of the box, None where the file has no coordinates; ``periodic`` says it for each direction.
    ``path`` and ``size`` (bytes) are the file's.
    """

    count: int
    frames: int
    points: tuple[int, ...]
    channels: tuple[str, ...]
    dt: float
    lengths: tuple[float, ...] | None
    periodic: tuple[bool, ...]
    parameters: Numbers
    names: tuple[str, ...]
    read: Callable[[int], Fields]
    layout: str
    path: Path = Path()
    size: int = 0
    given: int = 0
    """Channels, the first ones, that are known in every frame and not to be forecast."""

    def trajectory(self, number: int) -> Fields:
        """Return one trajectory, checked.

        Raises:
            DataError: values that are not finite; the trajectory and the frame are named.
        """
        wanted = 4 * self.frames * len(self.channels) * prod(self.points)
        check_arrays(f"trajectory {number} of {self.path}", wanted, self.size)
        with memory_within(f"trajectory {number} of {self.path}", self.size):
            fields = self.read(number)
        finite = np.isfinite(fields).reshape(len(fields), -1).all(1)
        if not finite.all():
            raise DataError(
                f"trajectory {number}, frame {int(np.argmin(finite))}: values that are not finite; leave this "
                "trajectory out of the file"
            )
        return fields

    def lines(self) -> list[tuple[str, str]]:
        """Return what was understood, line by line."""
        edges = ", ".join("periodic" if wraps else "bounded" for wraps in self.periodic)
        box = "not in the file" if self.lengths is None else " × ".join(f"{length:g}" for length in self.lengths)
        return [
            ("layout", self.layout),
            ("trajectories", f"{self.count} of {self.frames} frames, {self.dt:g} apart"),
            ("grid", f"{' × '.join(map(str, self.points))} points; lengths {box}; {edges}"),
            (
                "channels",
                ", ".join(self.channels) + (f"; given: {', '.join(self.channels[: self.given])}" * bool(self.given)),
            ),
            ("parameters", ", ".join(self.names) or "none"),
        ]


def even_step(times: Numbers, what: str) -> float:
    """Return the step of evenly spaced numbers, as far as their own digits tell.

    Raises:
        DataError: fewer than two, or not evenly spaced.
    """
    times = np.asarray(times, float).ravel()
    steps = np.diff(times)
    if not len(steps) or not np.isfinite(times).all() or not (steps > 0).all():
        raise DataError(f"{what} must be at least two rising numbers, got {times[:5]}")
    step = float((times[-1] - times[0]) / len(steps))
    rounding = 4 * np.spacing(np.float32(np.abs(times).max()))
    if np.abs(steps - step).max() > max(1e-3 * step, float(rounding)):
        raise DataError(f"{what} must be evenly spaced; steps run from {steps.min():g} to {steps.max():g}")
    return step
