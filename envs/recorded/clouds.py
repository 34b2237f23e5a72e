"""Recorded point clouds: points that are none are dropped, and every prefix of a cloud shows all of it.

Policies look at a cloud's first points, since simulators and the published data sets give farthest-point order. A
camera's cloud is in the order of its pixels, so it is put in farthest-point order first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from simplatform.deployment.clouds import farthest_order, filled, in_farthest_order
from simplatform.envs.recorded.frames import Array, Tally

Sampling = Literal["auto", "farthest", "first"]
FAR = 1000.0
"""A point is far out when it is this many times farther from the middle than half of all points are."""
LOOKED_AT = 8


@dataclass
class Cleaning:
    """What was found in the clouds of one name."""

    holes: Tally = field(default_factory=Tally)
    far: Tally = field(default_factory=Tally)
    empty: Tally = field(default_factory=Tally)
    middle: tuple[float, ...] = (0.0, 0.0, 0.0)
    reach: float | None = None
    """How far from the middle a point may be in any coordinate; None: as far as it likes."""

    def said(self, name: str, dropping: bool) -> list[str]:
        """Return what was found and done, a line each."""
        lines = []
        for tally, what in ((self.holes, "not finite"), (self.far, f"{FAR:g} times farther out than half of all")):
            if tally:
                done = "dropped" if dropping or tally is self.holes else "kept: they set the range of all others"
                lines.append(
                    f"{name}: {tally.values} points in {tally.frames} frames are {what} and {done}; {tally.where}"
                )
        if self.empty:
            lines.append(f"{name}: {self.empty.frames} frames hold zeros and no cloud; {self.empty.where}")
        return lines


def cleaned(clouds: list[Array], drop_far: bool) -> tuple[list[Array], Cleaning]:
    """Return clouds ``(L, N, C)`` in which points that are not finite, or far out, are repeats of others of the frame.

    A frame that has no point left is zeros.
    """
    found, kept = Cleaning(), []
    middle, reach = _extent(clouds)
    if drop_far and reach:
        found.middle, found.reach = tuple(middle.tolist()), FAR * reach
    for number, cloud in enumerate(clouds):
        good: Array = np.asarray(np.isfinite(cloud).all(-1))
        # The entry after the last action is often a repeat, and counts for nothing.
        found.holes.add(number, ~good[:-1])
        with np.errstate(invalid="ignore", over="ignore"):
            far: Array = good & (np.abs(cloud[..., :3] - middle).max(-1) > (FAR * reach if reach else np.inf))
        found.far.add(number, far[:-1])
        good = good & ~far if drop_far else good
        found.empty.add(number, np.asarray(~(good & cloud.any(-1)).any(1))[:-1])
        kept.append(cloud if good.all() else _filled(cloud, good))
    return kept, found


def ordered(clouds: list[Array], count: int, sampling: Sampling) -> tuple[list[Array], str]:
    """Return at most ``count`` points a frame, in farthest-point order, and what was done in words.

    ``sampling`` "auto" leaves clouds that have this order as they are, and "first" leaves all as they are.
    """
    points = clouds[0].shape[1]
    if sampling == "first" or (sampling == "auto" and all(in_farthest_order(frame) for frame in _some(clouds))):
        return clouds, f"{points} points, in the file's order" + ("" if sampling == "first" else " (farthest first)")
    count = min(count, points)
    done = [np.stack([frame[farthest_order(frame[:, :3], count)] for frame in cloud]) for cloud in clouds]
    return done, f"{points} points in another order than farthest first: {count} sampled of each frame, so ordered"


def _some(clouds: list[Array]) -> list[Array]:
    frames = [(number, time) for number, cloud in enumerate(clouds) for time in range(len(cloud))]
    chosen = np.unique(np.linspace(0, len(frames) - 1, LOOKED_AT).astype(int))
    return [clouds[frames[i][0]][frames[i][1]] for i in chosen]


def _extent(clouds: list[Array]) -> tuple[Array, float]:
    """Return the middle of the points, (3,), and how far from it half of them are at most, in some frames."""
    frames = [(number, time) for number, cloud in enumerate(clouds) for time in range(len(cloud))]
    chosen = np.unique(np.linspace(0, len(frames) - 1, 256).astype(int))
    points = np.concatenate([clouds[frames[i][0]][frames[i][1]][:, :3] for i in chosen]).astype(np.float64)
    points = points[np.isfinite(points).all(1) & points.any(1)]
    if not len(points):
        return np.zeros(3), 0.0
    middle = np.median(points, 0)
    return middle, float(np.median(np.abs(points - middle).max(1)))


def _filled(cloud: Array, good: Array) -> Array:
    """Return clouds whose bad points repeat the frame's good ones, in their order."""
    whole = np.zeros_like(cloud)
    for time in np.flatnonzero(good.any(1)):
        whole[time] = filled(cloud[time], good[time])
    return whole
