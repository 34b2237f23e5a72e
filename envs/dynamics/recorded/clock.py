"""What recorded times say: their own resolution, whether they are even, where something is missing; and even samples.

Times come as float32, rounded to ms, or as seconds since 1970: none of them is exactly even, and all of them are as
even as their digits allow. What is really uneven is resampled, and said.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline

from simplatform.envs.dynamics.systems.base import Array
from simplatform.errors import DataError

DECIMALS = 9
"""Most decimals that a time may be rounded to, to be seen as rounded."""
COARSEST = 0.2
"""Share of a step that the times' resolution may be, for their unevenness to be taken for rounding."""
GAP = 3.5
"""A step of this many usual ones is a gap: nothing is made up across it."""


@dataclass(frozen=True)
class Even:
    """Evenly sampled states ``(T, d)``, their step, what was done to have them, a line each, and when they start."""

    step: float
    states: Array
    said: tuple[str, ...] = ()
    start: float = 0.0


def resolution(times: Array, own: float = 0.0) -> float:
    """Return what the last digit of times is worth: of the decimals that they all have, or of their number format.

    ``own`` is the resolution of the format that they were read from, such as that of float32, if it is coarser.
    """
    size = float(np.abs(times).max(initial=0.0))
    format_ = max(own, 2 * np.finfo(float).eps * size)
    for decimals in range(DECIMALS + 1):
        if 10.0**-decimals <= format_:
            break
        if np.abs(times - np.round(times, decimals)).max() <= format_:
            return float(10.0**-decimals)
    return format_


def increasing(path: str, times: Array, rows: Array | None = None) -> None:
    """Check that there are two times at least and that they increase.

    Raises:
        DataError: they do not, with the first place.
    """
    bad = np.flatnonzero(~(np.diff(times) > 0))
    if len(times) < 2 or len(bad):
        where = (
            f": {times[bad[0]]:.17g} is followed by {times[bad[0] + 1]:.17g}{_row(bad[0] + 1, rows)}"
            if len(bad)
            else ""
        )
        raise DataError(f"{path}: expected at least two increasing times{where}")


def step_of(times: Array, own: float = 0.0) -> float | None:
    """Return the step of even times, by least squares; None where they are less even than their digits allow."""
    number = np.arange(len(times))
    step = float(np.polyfit(number - number.mean(), times - times.mean(), 1)[0])
    left = times - times.mean() - step * (number - number.mean())
    coarse = resolution(times, own)
    allowed = 1.5 * coarse if coarse <= COARSEST * step else 0.0
    allowed = max(allowed, 1e-6 * step, 2 * own, 8 * np.finfo(float).eps * float(np.abs(times).max()))
    if np.ptp(left) > allowed:
        return None
    return float((times[-1] - times[0]) / number[-1]) if np.ptp(left) < 1e-9 * step else step


def evened(path: str, times: Array, states: Array, own: float = 0.0) -> Even:
    """Return even samples: the states as they are where times are even; else the longest stretch without a gap,
    resampled by a cubic spline.

    Raises:
        DataError: times do not increase.
    """
    increasing(path, times)
    said = []
    usual = float(np.median(np.diff(times)))
    edges = np.flatnonzero(np.diff(times) > GAP * usual)
    if len(edges):
        bounds = np.concatenate([[0], edges + 1, [len(times)]])
        longest = int(np.diff(bounds).argmax())
        first, last = int(bounds[longest]), int(bounds[longest + 1])
        said.append(
            f"{len(edges)} gap{'s' * (len(edges) > 1)} (the first after sample {edges[0] + 1}, of "
            f"{np.diff(times)[edges[0]]:g} where {usual:g} is usual): the longest stretch without one is used, "
            f"samples {first + 1} to {last} of {len(times)}"
        )
        times, states = times[first:last], states[first:last]
    if len(times) < 2:
        return Even(usual, states, tuple(said), float(times[0]))
    step = step_of(times, own)
    if step is not None:
        return Even(step, states, (*said, f"{len(times)} samples, {step:.6g} apart"), float(times[0]))
    steps = np.diff(times)
    even = np.linspace(times[0], times[-1], len(times))
    said.append(
        f"sampled unevenly, {steps.min():.6g} to {steps.max():.6g} apart: resampled by a cubic spline to "
        f"{len(times)} samples, {even[1] - even[0]:.6g} apart"
    )
    return Even(float(even[1] - even[0]), CubicSpline(times, states)(even), tuple(said), float(times[0]))


def _row(index: int, rows: Array | None) -> str:
    return f" in sample {index + 1}" if rows is None else f" in line {int(rows[index])}"
