"""Recordings as policies are given them: read, cleaned, sampled, and what was done in words."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import numpy as np

from simplatform.demonstrations import Demonstrations
from simplatform.demonstrations.formats import open_demonstrations
from simplatform.envs.recorded.clouds import Sampling, cleaned, ordered
from simplatform.envs.recorded.frames import Array, Tally, is_cloud, refuse_holes, require_alike
from simplatform.envs.recorded.roles import Keys, keys_of, mapped
from simplatform.errors import ConfigError
from simplatform.runs.fingerprint import data_fingerprint

Outliers = Literal["points", "all", "keep"]
METRES = 20.0
"""A robot's surroundings are smaller than this many metres; more is taken for millimetres."""
BEYOND = 1000.0
"""A reading is far out when it is this many times its usual spread away from the middle."""


@dataclass(frozen=True)
class How:
    """How a file is read.

    ``points`` is how many points of each cloud are kept where they are sampled (see ``clouds.ordered``). ``outliers``
    says what becomes of values that are a thousand times out of the usual: "points" drops points of clouds, for no
    surface is there, and keeps readings and actions, for a rare event and a broken sensor look alike, but names them;
    "all" also sets those readings to the nearest usual one; "keep" keeps all.
    """

    points: int = 512
    sampling: Sampling = "auto"
    outliers: Outliers = "points"
    keys: Keys = ()

    @classmethod
    def of(cls, **settings: Any) -> How:
        """Return it for settings of an environment; ``keys`` is a table (see ``roles.mapped``).

        Raises:
            ConfigError: a setting is not one that can be.
        """
        return cls(**{**settings, "keys": keys_of(settings.get("keys") or {})})

    def __post_init__(self) -> None:
        for name, known in (("sampling", ("auto", "farthest", "first")), ("outliers", ("points", "all", "keep"))):
            if getattr(self, name) not in known:
                raise ConfigError(f"env.{name} must be one of {', '.join(known)}, got {getattr(self, name)!r}")
        if self.points < 1:
            raise ConfigError(f"env.points must be 1 or more, got {self.points}")


@dataclass(frozen=True)
class Recording:
    """What was read, and what was understood, left out and cleaned, a line each."""

    demonstrations: Demonstrations
    said: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What an environment of it declares (see ``simplatform.contracts.Facts``): rate, names, units, keys, clouds."""


def recording(path: str, how: How) -> Recording:
    """Read a file of demonstrations; a file that has not changed is read once.

    Raises:
        ConfigError: no path.
        DataError: no demonstrations, or numbers outside of clouds that are not finite.
    """
    if not path:
        raise ConfigError(
            "say which demonstrations: --set env.path=FILE (DP3's .zarr or .zip, a LeRobot folder, a Minari id)"
        )
    return _read(path, data_fingerprint(path), how)


@lru_cache(maxsize=2)
def _read(path: str, fingerprint: str, how: How) -> Recording:
    found = open_demonstrations(path)
    refuse_holes(found, path)
    require_alike(found, path)
    said, declared = facts(found), dict[str, Any]()
    if len(found):
        found = mapped(found, how.keys, said)
        declared = declaration(found)
        found = _tidied(found, how, said, declared)
    return Recording(found, tuple(said), declared)


def facts(found: Demonstrations) -> list[str]:
    """Return what the file says of itself, and what its reader left out, in words."""
    source = found.source
    told = {"format": source.get("format"), "robot": source.get("robot"), "task": source.get("task")}
    known = [f"{key} {value}" for key, value in told.items() if value and isinstance(value, str)]
    lengths = [len(episode) for episode in found]
    rate = f"{source['fps']:g} frames a second" if isinstance(source.get("fps"), int | float) else "rate unknown"
    counted = (
        f"{len(found)} episodes, {sum(lengths)} frames ({min(lengths, default=0)} to {max(lengths, default=0)} each)"
    )
    lines = [", ".join([*known, rate, counted])]
    if skipped := source.get("skipped"):
        lines.append(f"left out: {', '.join(map(str, skipped))}")
    return lines


def declaration(found: Demonstrations) -> dict[str, Any]:
    """Return rate, keys and names of components of recordings, as an environment declares them."""
    source, keys = found.source, found.source.get("keys", {})
    fps, named = source.get("fps"), source.get("names") or {}
    names = {}
    for key in (*found[0].observations, "action"):
        made = keys.get(key, [key])
        parts = [_components(named, part) for part in made]
        if all(parts):
            names[key] = [name for one in parts for name in one]
    rate = {"dt": 1 / fps} if isinstance(fps, int | float) and fps > 0 else {}
    return {**rate, "keys": keys, "names": names, "clouds": {}, "units": {}}


def _components(named: Mapping[str, Any], part: str) -> list[str]:
    """Return the names of the components of a feature, such as joints: a list, or LeRobot's table of one list."""
    given = named.get(part, named.get(f"observation.{part}"))
    if isinstance(given, Mapping):
        given = next(iter(given.values()), None)
    return [str(name) for name in given] if isinstance(given, list | tuple) else []


def _tidied(found: Demonstrations, how: How, said: list[str], declared: dict[str, Any]) -> Demonstrations:
    first = found[0].observations
    columns: dict[str, list[Array]] = {}
    for key in first:
        values = [episode.observations[key] for episode in found]
        if is_cloud(key, first[key]):
            columns[key], declared["clouds"][key] = _clouds(key, values, how, said)
            declared["units"][key] = f"{guessed_unit(columns[key])} (a guess)"
        else:
            columns[key] = _readings(key, values, how, said)
    actions = _readings("action", [episode.actions for episode in found], how, said)
    episodes = [
        dataclasses.replace(episode, observations={key: values[n] for key, values in columns.items()}, actions=act)
        for n, (episode, act) in enumerate(zip(found, actions, strict=True))
    ]
    return Demonstrations(episodes, found.source)


def guessed_unit(clouds: list[Array]) -> str:
    """Return the unit of clouds: a robot's surroundings are smaller than ``METRES``."""
    low, high = (np.array([end(cloud[..., :3], (0, 1)) for cloud in clouds]) for end in (np.min, np.max))
    return "m" if float((high.max(0) - low.min(0)).max()) < METRES else "mm"


def _clouds(key: str, values: list[Array], how: How, said: list[str]) -> tuple[list[Array], dict[str, Any]]:
    dropping = how.outliers != "keep"
    whole, found = cleaned(values, dropping)
    done, words = ordered(whole, how.points, how.sampling)
    more = values[0].shape[-1] - 3
    colour = f"; {more} more channels (colour), which policies use with policy.colour=true" if more else ""
    said += [f"{key}: {words}{colour}", *found.said(key, dropping)]
    how_read = {"points": done[0].shape[1], "order": "first" if how.sampling == "first" else "farthest"}
    return done, {**how_read, "middle": list(found.middle), "reach": found.reach}


def _readings(key: str, values: list[Array], how: How, said: list[str]) -> list[Array]:
    if values[0].dtype.kind != "f" or values[0].ndim != 2:
        return values
    low, high = usual(np.concatenate(values))
    tally = Tally()
    for number, one in enumerate(values):
        tally.add(number, (one < low) | (one > high), one)
    if not tally:
        return values
    done = "set to the nearest usual one" if how.outliers == "all" else "kept; env.outliers=all sets them to usual ones"
    said.append(
        f"{key}: {tally.values} values in {tally.frames} frames are {BEYOND:g} times out of their usual range, such as "
        f"{tally.examples[0]:.4g}, and {done}; {tally.where}"
    )
    return [_within(one, values, low, high) for one in values] if how.outliers == "all" else values


def usual(values: Array) -> tuple[Array, Array]:
    """Return the lowest and highest value, (C,) each, that readings ``(n, C)`` can have without being far out."""
    low, middle, high = (np.quantile(values.astype(np.float64), q, axis=0) for q in (0.05, 0.5, 0.95))
    spread = np.where(high > low, high - low, np.abs(middle))
    spread = np.where(spread > 0, spread, np.inf)  # always zero but for rare events: nothing tells what is too much
    return middle - BEYOND * spread, middle + BEYOND * spread


def _within(one: Array, values: list[Any], low: Array, high: Array) -> Array:
    flat = np.concatenate(values)
    usual_ones = np.where((flat < low) | (flat > high), np.nan, flat)
    return np.clip(one, np.nanmin(usual_ones, 0), np.nanmax(usual_ones, 0)).astype(one.dtype)
