"""Recorded point clouds: points that are none are dropped, and every prefix of a cloud shows all of it.

Policies look at a cloud's first points, since simulators and the published data sets give farthest-point order. A
camera's cloud is in the order of its pixels, so it is put in farthest-point order first. Clouds are read a piece at a
time: what is done with all of them is decided by a look at some.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

from simplatform.deployment.clouds import filled, in_farthest_order, one_of_each, sampled
from simplatform.envs.recorded.frames import Array, Tally

Sampling = Literal["auto", "farthest", "voxel", "first"]
FAR = 1000.0
"""A point is far out when it is this many times farther from the middle than half of all points are."""
LOOKED_AT = 8
DENSE = 2.0
"""Points that cubes leave for each one that is kept, where no edge is given."""


@dataclass
class Cleaning:
    """Cleans the clouds of one name, and counts what it found."""

    dropping: bool
    """Whether points far out are dropped; those that are not finite always are."""
    middle: Array
    limit: float
    """How far from the middle a point may be in any coordinate."""
    holes: Tally = field(default_factory=Tally)
    far: Tally = field(default_factory=Tally)
    empty: Tally = field(default_factory=Tally)

    @classmethod
    def of(cls, clouds: Sequence[Array], drop_far: bool) -> Cleaning:
        """Look at the clouds ``(L, N, C)`` of some frames."""
        middle, reach = _extent(clouds)
        return cls(drop_far, middle, FAR * reach if reach else np.inf)

    @property
    def reach(self) -> float | None:
        """How far from the middle a point may be in any coordinate; None: as far as it likes."""
        return self.limit if self.dropping and np.isfinite(self.limit) else None

    def clean(self, cloud: Array, episode: int = 0, start: int = 0, last: bool = False) -> Array:
        """Return frames ``(L, N, C)`` in which points that are not finite, or far out, are repeats of others.

        A frame that has no point left is zeros. ``start`` is the number of the first frame; ``last`` says that the last
        one comes after the last action, where it often is a repeat, and counts for nothing.
        """
        count = len(cloud) - last
        good: Array = np.asarray(np.isfinite(cloud).all(-1))
        self.holes.add(episode, ~good[:count], start=start)
        with np.errstate(invalid="ignore", over="ignore"):
            far: Array = good & (np.abs(cloud[..., :3] - self.middle).max(-1) > self.limit)
        self.far.add(episode, far[:count], start=start)
        good = good & ~far if self.dropping else good
        self.empty.add(episode, np.asarray(~(good & cloud.any(-1)).any(1))[:count], start=start)
        return cloud if good.all() else _filled(cloud, good)

    def said(self, name: str) -> list[str]:
        """Return what was found and done, a line each."""
        lines = []
        for tally, what in ((self.holes, "not finite"), (self.far, f"{FAR:g} times farther out than half of all")):
            if tally:
                dropped = self.dropping or tally is self.holes
                done = "dropped" if dropped else "kept: they set the range of all others"
                lines.append(
                    f"{name}: {tally.values} points in {tally.frames} frames are {what} and {done}; {tally.where}"
                )
        if self.empty:
            lines.append(f"{name}: {self.empty.frames} frames hold zeros and no cloud; {self.empty.where}")
        return lines


@dataclass
class Order:
    """Which points of a cloud are kept, and in which order; decided by a look at some frames."""

    points: int
    order: Literal["first", "farthest"]
    """Whether points come in the file's order, or in farthest-point order."""
    sampled: bool
    """Whether they are sampled for it: the file's order is another one."""
    voxel: float
    words: str

    @classmethod
    def of(cls, clouds: Sequence[Array], count: int, sampling: Sampling, cleaning: Cleaning, voxel: float) -> Order:
        """Decide for clouds ``(L, N, C)``, of as many points each as there are at most.

        ``sampling`` "auto" leaves clouds that have farthest-point order as they are, and "first" leaves all as they
        are; "voxel" keeps one point of each cube of edge ``voxel`` first, or of one that leaves some more than wanted.
        """
        points = min(cloud.shape[1] for cloud in clouds)
        look = Cleaning(cleaning.dropping, cleaning.middle, cleaning.limit)
        some = [look.clean(frame[None])[0] for frame in _some(clouds)]
        if sampling == "first" or (sampling == "auto" and all(map(in_farthest_order, some))):
            how = "" if sampling == "first" else " (farthest first)"
            return cls(
                points, "first" if sampling == "first" else "farthest", False, 0.0,
                f"{points} points, in the file's order{how}",
            )  # fmt: skip
        count = min(count, points)
        edge = (voxel or _edge(some, count)) if sampling == "voxel" else 0.0
        why = f"one of each cube of {edge:.3g}, then" if edge else "in another order than farthest first:"
        words = f"{points} points {why} {count} sampled of each frame, so ordered"
        return cls(count, "farthest", True, edge, words)

    def put(self, cloud: Array) -> Array:
        """Return frames ``(L, points, C)`` of ``(L, N, C)``."""
        if not self.sampled:
            return cloud[:, : self.points]
        return np.stack([sampled(frame, self.points, voxel=self.voxel) for frame in cloud])

    @property
    def declared(self) -> dict[str, Any]:
        """What an environment declares of it, for those who do the same to frames of a robot."""
        return {"points": self.points, "order": self.order, **({"voxel": self.voxel} if self.voxel else {})}


def _edge(frames: list[Array], count: int) -> float:
    """Return the edge of cubes that leaves about ``DENSE`` times ``count`` points of a frame, by bisection."""
    points = frames[len(frames) // 2][:, :3]
    low, high = 0.0, float(np.ptp(points.astype(np.float64), axis=0).max()) or 1.0
    for _ in range(20):
        middle = (low + high) / 2
        low, high = (middle, high) if len(one_of_each(points, middle)) > DENSE * count else (low, middle)
    return high


def _some(clouds: Sequence[Array], count: int = LOOKED_AT) -> list[Array]:
    """Return ``count`` frames from all over the episodes."""
    ends = np.cumsum([len(cloud) for cloud in clouds])
    chosen = np.unique(np.linspace(0, ends[-1] - 1, count).astype(int))
    where = np.searchsorted(ends, chosen, "right")
    return [clouds[n][int(frame - (ends[n] - len(clouds[n])))] for n, frame in zip(where, chosen, strict=True)]


def _extent(clouds: Sequence[Array]) -> tuple[Array, float]:
    """Return the middle of the points, (3,), and how far from it half of them are at most, in some frames."""
    points = np.concatenate([frame[:, :3] for frame in _some(clouds, 256)]).astype(np.float64)
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
