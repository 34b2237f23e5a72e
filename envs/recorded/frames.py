"""Where in recordings something is: what is in doubt, counted, with the first by episode and frame."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simplatform.demonstrations import Demonstrations
from simplatform.errors import DataError

Array = NDArray[Any]


CLOUDS = ("cloud", "pcd", "points")


def is_cloud(name: str, values: Array) -> bool:
    """Return whether an observation ``(L, ...)`` is a cloud: so called, and points with x, y, z and maybe colour."""
    return any(word in name for word in CLOUDS) and values.ndim == 3 and 3 <= values.shape[2] <= 9


@dataclass
class Tally:
    """Counts what is found in frames; ``first`` is where: (episode, frame)."""

    values: int = 0
    frames: int = 0
    first: tuple[int, int] | None = None
    examples: list[float] = field(default_factory=list)

    def add(self, episode: int, found: Array, values: Array | None = None, start: int = 0) -> None:
        """Add an episode's findings, ``(L, ...)`` booleans, from frame ``start`` on; ``values`` give an example."""
        frames = found.reshape(len(found), -1).any(1) if found.size else found
        if not frames.any():
            return
        self.first = self.first or (episode, start + int(frames.argmax()))
        self.values, self.frames = self.values + int(found.sum()), self.frames + int(frames.sum())
        if values is not None:
            self.examples.append(float(values[found][0]))

    def __bool__(self) -> bool:
        return self.first is not None

    @property
    def where(self) -> str:
        """The first place, in words."""
        assert self.first is not None
        return f"first in episode {self.first[0]}, frame {self.first[1]}"


def refuse_holes(demonstrations: Demonstrations, what: object) -> None:
    """Refuse numbers that are not finite; points of clouds may be so, where a camera saw nothing.

    Raises:
        DataError: there are some, with the name, the episode and the frame.
    """
    for number, episode in enumerate(demonstrations):
        fields = {key: value for key, value in episode.observations.items() if not is_cloud(key, value)}
        for key, values in {**fields, "action": episode.actions}.items():
            if values.dtype.kind != "f" or np.isfinite(values).all():
                continue
            tally = Tally()
            tally.add(number, ~np.isfinite(values))
            raise DataError(
                f"{what}: {key!r} holds values that are not finite, {tally.where}; repair or leave out those episodes"
            )


def require_alike(demonstrations: Demonstrations, what: object) -> None:
    """Refuse episodes that have not the same readings and actions as the first one, and arrays that hold nothing.

    Clouds may differ in their number of points, where they are sampled.

    Raises:
        DataError: there are some, with the name and the episode.
    """
    wanted: dict[str, tuple[int, ...]] = {}
    for number, episode in enumerate(demonstrations):
        fields = {**episode.observations, "action": episode.actions}
        shapes = {key: value.shape[2 if is_cloud(key, value) else 1 :] for key, value in fields.items()}
        wanted = wanted or shapes
        for key in wanted.keys() | shapes.keys():
            if shapes.get(key) != wanted.get(key):
                here, first = _shown(shapes.get(key)), _shown(wanted.get(key))
                raise DataError(
                    f"{what}: {key!r} is {here} in episode {number} and {first} in the first one; give all episodes "
                    "the same, or leave some out"
                )
            if 0 in fields[key].shape[1:]:
                raise DataError(f"{what}: {key!r} holds nothing in episode {number}: its shape is {fields[key].shape}")


def _shown(shape: tuple[int, ...] | None) -> str:
    return "missing" if shape is None else f"of shape {shape}"
