"""What an environment says of itself: the shapes that a policy is built for, and the facts behind its numbers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from simplatform.errors import ContractError


@dataclass(frozen=True)
class Facts:
    """What an environment declares of itself in ``metadata["simplatform"]``, read and validated at one door.

    All of it is optional and plain JSON; what the contract does not name is kept in ``more``.
    """

    dt: float | None = None
    """Time between two actions, s; None where time has no meaning or no unit."""
    dimension: int | None = None
    """Dimension of the space that points of an observation lie in: 2 or 3."""
    frame: str = ""
    """Frame that these points are given in: "world", "camera", …"""
    units: Mapping[str, str] = field(default_factory=dict)
    """SI units of observations and of "action", by name; "1" where there is none."""
    problem: str = ""
    """Name of the problem behind the numbers, where an objective depends on it."""
    fields: int = 0
    """Number of fields on a grid that a flat state holds one after the other; 0 where it is no grid."""
    episodes: int | None = None
    """How many distinct episodes there are, where they are limited; ``reset(options={"episode": k})`` begins one."""
    judges_non_finite: bool = False
    """Whether ``step`` takes actions that are not finite, and says what they are worth; elsewhere such an action is not
    carried out and ends the episode as a failure."""
    processes: bool = False
    """Whether ``gymnasium.make_vec`` puts instances into worker processes: a step takes milliseconds of one core. It is
    asked of the class, whose ``metadata`` must say it."""
    said: tuple[str, ...] = ()
    """What it understood of its data, a line each: a run says it before it works."""
    names: Mapping[str, Any] = field(default_factory=dict)
    """Names of components, such as joints, of observations and of "action": lists of text, by name."""
    keys: Mapping[str, Any] = field(default_factory=dict)
    """What observations are made of, where a recording calls it otherwise: lists of its names, by name; several are
    joined."""
    clouds: Mapping[str, Any] = field(default_factory=dict)
    """Which observations are point clouds, ``(N, C)``, and how they were read: ``points``, how many are kept of each in
    farthest-point order (``order`` "first": in the order they come in); ``middle`` (3,) and ``reach``, beyond which, in
    any coordinate, a point is dropped; ``depth``, where it was made of depth images, their name (``image``), ``size``
    (H, W) and camera (see ``simplatform.deployment.depth.Camera``), and the number of ``points`` taken of each."""
    images: Mapping[str, Any] = field(default_factory=dict)
    """Which observations are images, ``(cameras, size, size, 3)`` bytes: their ``size`` and number of ``cameras``."""
    ranges: Mapping[str, Any] = field(default_factory=dict)
    """Smallest and largest values of the training data per component of the last axis, ``{"low": […], "high": […]}``,
    of observations and of "action". In checkpoints only."""
    limits: Mapping[str, Any] = field(default_factory=dict)
    """The action space, where it is bounded: ``{"low": […], "high": […]}``. In checkpoints only."""
    more: Mapping[str, Any] = field(default_factory=dict)
    """Whatever else the environment says, as JSON."""

    @classmethod
    def read(cls, declared: object, who: str = "the environment") -> Facts:
        """Read what an environment declares, or what a checkpoint keeps of it.

        Raises:
            ContractError: not a table of plain JSON, or a value that cannot be what its name says.
        """
        if not isinstance(declared, Mapping) or not all(isinstance(key, str) for key in declared):
            raise ContractError(f"{who}: metadata['simplatform'] must be a table with names as keys, got {declared!r}")
        try:
            json.dumps(dict(declared), allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ContractError(f"{who}: metadata['simplatform'] must be plain JSON: {error}") from error
        for name, (wanted, holds) in _RULES.items():
            if name in declared and not holds(declared[name]):
                raise ContractError(
                    f"{who}: metadata['simplatform'][{name!r}] must be {wanted}, got {declared[name]!r}"
                )
        known = {item.name for item in fields(cls)} - {"more"}
        given = {key: value for key, value in declared.items() if key in known}
        return cls(**given, more={key: value for key, value in declared.items() if key not in known})


@dataclass(frozen=True)
class Signature:
    """Shapes that a policy is built for, read from an environment's spaces; saved in every checkpoint.

    ``observation`` and ``action`` hold shapes without batch and time. ``metadata`` is what the environment declares in
    ``env.unwrapped.metadata["simplatform"]``, as JSON; ``facts`` reads it.

    >>> signature = Signature({"points": (-1, 2)}, action=(-1, 2))
    >>> signature.require("a mesh mover", "points", "cells")
    Traceback (most recent call last):
    ...
    simplatform.errors.ContractError: a mesh mover expects observations 'points', 'cells'; this environment has ...
    """

    observation: Mapping[str, tuple[int, ...]]
    action: tuple[int, ...]
    metadata: Mapping[str, Any] = field(default_factory=dict)

    @property
    def facts(self) -> Facts:
        """The metadata, typed and validated.

        Raises:
            ContractError: it is not what the contract says.
        """
        return Facts.read(self.metadata)

    def require(self, who: str, *names: str) -> None:
        """Check that there are observations of these names. A signature of no observations, as for meshes that come
        from files, says nothing and passes.

        Raises:
            ContractError: there are others.
        """
        if self.observation and not set(names) <= set(self.observation):
            wanted = ", ".join(map(repr, names))
            raise ContractError(f"{who} expects observations {wanted}; this environment has {dict(self.observation)}")


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_texts(value: object) -> bool:
    return isinstance(value, list | tuple) and all(map(_is_text, value))


def _is_time(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value > 0


def _whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _tables(value: object, inner: Callable[[Any], bool]) -> bool:
    return isinstance(value, Mapping) and all(map(_is_text, value)) and all(map(inner, value.values()))


def _numbers(value: object) -> bool:
    return isinstance(value, list | tuple) and all(_is_number(one) for one in value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_range(value: object) -> bool:
    if not isinstance(value, Mapping) or not _numbers(value.get("low")) or not _numbers(value.get("high")):
        return False
    return len(value["low"]) == len(value["high"])


def _is_cloud(value: object) -> bool:
    if not isinstance(value, Mapping) or not _whole(value.get("points", 1), 1):
        return False
    middle, reach = value.get("middle", [0, 0, 0]), value.get("reach")
    camera = value.get("depth")
    known = _numbers(middle) and len(middle) == 3 and (reach is None or _is_number(reach))
    return known and (camera is None or _is_camera(camera))


def _is_camera(value: object) -> bool:
    if not isinstance(value, Mapping) or not _is_text(value.get("image")) or not _whole(value.get("points"), 1):
        return False
    intrinsics, size = value.get("intrinsics"), value.get("size")
    return _numbers(intrinsics) and len(intrinsics or ()) == 4 and _numbers(size) and len(size or ()) == 2


def _is_images(value: object) -> bool:
    return isinstance(value, Mapping) and all(_whole(value.get(name), 1) for name in ("size", "cameras"))


_RULES = {
    "dt": ("a time in s above 0", _is_time),
    "dimension": ("a whole number from 1", lambda v: _whole(v, 1)),
    "frame": ("a name", _is_text),
    "units": ("a table of units by name", lambda v: isinstance(v, Mapping) and all(map(_is_text, v.values()))),
    "problem": ("a name", _is_text),
    "fields": ("a whole number from 0", lambda v: _whole(v, 0)),
    "episodes": ("a whole number from 1", lambda v: _whole(v, 1)),
    "said": ("a list of lines", _is_texts),
    "names": ("a table of lists of names", lambda v: _tables(v, _is_texts)),
    "keys": ("a table of lists of names", lambda v: _tables(v, _is_texts)),
    "clouds": ("a table of tables", lambda v: _tables(v, _is_cloud)),
    "images": ("a table of tables", lambda v: _tables(v, _is_images)),
    "ranges": ("a table of low and high", lambda v: _tables(v, _is_range)),
    "limits": ("a table of low and high", lambda v: isinstance(v, Mapping) and (not v or _is_range(v))),
    "judges_non_finite": ("true or false", lambda v: isinstance(v, bool)),
    "processes": ("true or false", lambda v: isinstance(v, bool)),
}  # fmt: skip
