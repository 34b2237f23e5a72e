"""One name of recordings at a time: clouds, images, readings; a piece of rows is in memory, and no more."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from simplatform.demonstrations import Demonstrations
from simplatform.demonstrations.stored import pieces
from simplatform.deployment.images import CHANNELS, OVER, as_bytes, in_range, is_plain, resized
from simplatform.envs.recorded.clouds import Cleaning, Order
from simplatform.envs.recorded.frames import Array, Tally, is_cloud
from simplatform.envs.recorded.roles import IMAGE, camera
from simplatform.errors import DataError, FrameError

if TYPE_CHECKING:
    from simplatform.envs.recorded.reading import How

SHOWN = 8
"""Components whose ranges are said."""
METRES = 20.0
"""A robot's surroundings are smaller than this many metres; more is taken for millimetres."""
BEYOND = 1000.0
"""A reading is far out when it is this many times its usual spread away from the middle."""


class Column(Protocol):
    """Rows of all episodes under one name, as policies see them."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Of all rows."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of all rows."""

    def rows(self) -> Iterator[Array]:
        """Yield all rows in order, some at a time."""

    def tell(self, said: list[str], declared: dict[str, Any]) -> None:
        """Add what was done, a line each, and what an environment declares of it, after ``rows``."""


def column_of(key: str, found: Demonstrations, how: How) -> Column:
    """Return a column of recordings; ``key`` may be "action"."""
    if key == "action":
        return Readings(key, [episode.actions for episode in found], how)
    values = [episode.observations[key] for episode in found]
    if key == IMAGE:
        count = sum(name == IMAGE or name.startswith(f"{IMAGE} ") for name in found[0].observations)
        return Images([[episode.observations[camera(n)] for n in range(count)] for episode in found], how.pixels)
    return Clouds(key, values, how) if is_cloud(key, values[0]) else Readings(key, values, how)


class Readings:
    """States, and whatever else is small: in memory as a whole."""

    def __init__(self, key: str, values: Sequence[Array], how: How) -> None:
        self.shape: tuple[int, ...]
        self.dtype: np.dtype[Any]
        self._key, self._how, self._tally = key, how, Tally()
        self._whole = np.concatenate([np.asarray(one) for one in values])
        self.shape, self.dtype = self._whole.shape, np.dtype(np.float32)
        if self._whole.dtype.kind == "f" and self._whole.ndim == 2:
            self._judge(values)

    def _judge(self, values: Sequence[Array]) -> None:
        low, high = usual(self._whole)
        out: Array = np.asarray((self._whole < low) | (self._whole > high))
        start = 0
        for number, one in enumerate(values):
            self._tally.add(number, out[start : start + len(one)], one)
            start += len(one)
        if self._tally and self._how.outliers == "all":
            usual_ones = np.where(out, np.nan, self._whole)
            self._whole = np.clip(self._whole, np.nanmin(usual_ones, 0), np.nanmax(usual_ones, 0))

    def rows(self) -> Iterator[Array]:
        """Yield all at once."""
        yield self._whole

    def tell(self, said: list[str], declared: dict[str, Any]) -> None:
        """Say the ranges, which components are constant or have two values, and which values are far out."""
        if self._whole.ndim == 2 and self._whole.size:
            said.append(f"{self._key}: {ranges(self._whole)}")
        if self._tally:
            all_ = self._how.outliers == "all"
            done = "set to the nearest usual one" if all_ else "kept; env.outliers=all sets them to usual ones"
            said.append(
                f"{self._key}: {self._tally.values} values in {self._tally.frames} frames are {BEYOND:g} times out of "
                f"their usual range, such as {self._tally.examples[0]:.4g}, and {done}; {self._tally.where}"
            )


class Clouds:
    """Point clouds: cleaned, and in farthest-point order."""

    def __init__(self, key: str, values: Sequence[Array], how: How) -> None:
        self._key, self._values = key, values
        self._cleaning = Cleaning.of(values, how.outliers != "keep")
        self._order = Order.of(values, how.points, how.sampling, self._cleaning, how.voxel)
        self._low, self._high = np.full(3, np.inf), np.full(3, -np.inf)
        self.dtype: np.dtype[Any] = np.dtype(np.float32)
        self.shape: tuple[int, ...] = (sum(map(len, values)), self._order.points, values[0].shape[2])

    def rows(self) -> Iterator[Array]:
        """Yield frames, a piece of an episode at a time."""
        for number, cloud in enumerate(self._values):
            start = 0
            for piece in pieces(cloud):
                last = start + len(piece) == len(cloud)
                made = self._order.put(self._cleaning.clean(piece, number, start, last))
                self._low = np.minimum(self._low, made[..., :3].min((0, 1)))
                self._high = np.maximum(self._high, made[..., :3].max((0, 1)))
                start += len(piece)
                yield made

    def tell(self, said: list[str], declared: dict[str, Any]) -> None:
        """Say what was dropped and sampled, and declare it."""
        more = self.shape[2] - 3
        colour = f"; {more} more channels (colour), which policies use with policy.colour=true" if more else ""
        said += [f"{self._key}: {self._order.words}{colour}", *self._cleaning.said(self._key)]
        cleaned = {"middle": self._cleaning.middle.tolist(), "reach": self._cleaning.reach}
        declared["clouds"][self._key] = {**self._order.declared, **cleaned}
        unit = "m" if float((self._high - self._low).max()) < METRES else "mm"
        declared["units"][self._key] = f"{unit} (a guess)"


class Images:
    """Images of one or more cameras, ``(rows, cameras, size, size, 3)`` bytes."""

    def __init__(self, cameras: Sequence[Sequence[Array]], size: int) -> None:
        """Take the images of each camera, episode by episode, ``cameras[episode][camera] (L, H, W, C)``."""
        self._cameras, self._size = cameras, size
        self._plain = Tally()
        self._unit = [_in_unit_interval(values) for values in cameras[0]]
        self.dtype: np.dtype[Any] = np.dtype(np.uint8)
        self.shape: tuple[int, ...] = (sum(len(episode[0]) for episode in cameras), len(cameras[0]), size, size, 3)

    def rows(self) -> Iterator[Array]:
        """Yield frames, a piece of an episode at a time, all cameras together."""
        for number, episode in enumerate(self._cameras):
            frames = zip(*(self._pieces(values, n, number) for n, values in enumerate(episode)), strict=True)
            for time, parts in enumerate(frames):
                self._plain.add(number, np.array([[any(map(is_plain, parts))]]), start=time)
                yield np.stack(parts)[None]

    def _pieces(self, values: Array, number: int, episode: int) -> Iterator[Array]:
        unit, start = self._unit[number], 0
        for piece in pieces(values):
            try:
                made = as_bytes(piece, unit)
            except FrameError as error:
                frame = start + next(n for n, one in enumerate(piece) if not in_range(one, unit))
                raise DataError(f"{camera(number)}: episode {episode}, frame {frame}: {error}") from error
            start += len(piece)
            yield from (resized(frame, self._size) for frame in made)

    def tell(self, said: list[str], declared: dict[str, Any]) -> None:
        """Say their size."""
        size = self._size
        sizes = [values.shape[1:3] if values.shape[3] in CHANNELS else values.shape[2:] for values in self._cameras[0]]
        shapes = ", ".join(" × ".join(map(str, shape)) for shape in sizes)
        said.append(f"{IMAGE}: {shapes} pixels, seen as {size} × {size}; --set env.pixels=N changes that, 0 leaves out")
        if self._plain:
            said.append(f"{IMAGE}: {self._plain.frames} frames are of one colour; {self._plain.where}")
        plain = {"plain": True} if self._plain else {}
        declared["images"][IMAGE] = {"size": size, "cameras": len(self._cameras[0]), **plain}


def _in_unit_interval(values: Array) -> bool:
    """Return whether images of floating-point numbers are between 0 and 1, by a look at some frames."""
    if values.dtype.kind != "f":
        return False
    chosen = np.unique(np.linspace(0, len(values) - 1, 8).astype(int))
    return max(float(np.nanmax(values[int(frame)])) for frame in chosen) <= 1 + OVER


def ranges(values: Array) -> str:
    """Return the ranges of readings ``(n, C)`` in words, of the first eight, and what is special about any."""
    low, high = values.min(0), values.max(0)
    rest = " …" if len(low) > SHOWN else ""
    words = ", ".join(f"{a:.3g} to {b:.3g}" for a, b in zip(low[:SHOWN], high[:SHOWN], strict=True)) + rest
    constant = np.flatnonzero(low == high)
    two = np.flatnonzero((low < high) & ((values == low) | (values == high)).all(0))
    told = [(constant, "constant"), (two, "of two values, as grippers are (policy.binary)")]
    return "; ".join([words, *(f"{', '.join(map(str, which))} {what}" for which, what in told if len(which))])


def usual(values: Array) -> tuple[Array, Array]:
    """Return the lowest and highest value, (C,) each, that readings ``(n, C)`` can have without being far out."""
    low, middle, high = (np.quantile(values.astype(np.float64), q, axis=0) for q in (0.05, 0.5, 0.95))
    spread = np.where(high > low, high - low, np.abs(middle))
    spread = np.where(spread > 0, spread, np.inf)  # always zero but for rare events: nothing tells what is too much
    return middle - BEYOND * spread, middle + BEYOND * spread
