"""Which of a file's observations are the robot's state and its cloud: ``agent_pos`` and ``point_cloud``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from simplatform.demonstrations import Demonstrations, Episode
from simplatform.envs.recorded.frames import Array, is_cloud
from simplatform.errors import ConfigError, DataError, nearest

STATE, CLOUD = "agent_pos", "point_cloud"
ROLES = {"state": STATE, "cloud": CLOUD}
USUAL = ("state", "observation")
"""Names that others give the robot's state."""
GOAL = "desired_goal"
PREFIXES = ("observation.", "obs/")

Keys = Sequence[tuple[str, tuple[str, ...]]]


def keys_of(table: Mapping[str, str | Sequence[str]]) -> Keys:
    """Return ``env.keys`` in a form that can be compared.

    Raises:
        ConfigError: a role that is none, or something else than names.
    """
    if not isinstance(table, Mapping):
        raise ConfigError(f"env.keys is a table such as {{state = 'observation.state'}}, got {table!r}")
    found = []
    for role, names in table.items():
        listed = (names,) if isinstance(names, str) else tuple(names) if isinstance(names, list | tuple) else ()
        if role not in ROLES or not listed or not all(isinstance(name, str) for name in listed):
            raise ConfigError(f"env.keys maps {' and '.join(ROLES)} to names of the file, got {role} = {names!r}")
        found.append((role, listed))
    return tuple(sorted(found))


def mapped(found: Demonstrations, keys: Keys, said: list[str]) -> Demonstrations:
    """Return episodes whose observations have the names that policies know; what was taken is said.

    Without ``keys``, the state is ``agent_pos``, or else what is called ``state`` or ``observation``, with a desired
    goal beside it, or else all vectors, joined. Images are left out.

    Raises:
        DataError: a name of ``keys`` is not in the file, or is no vector or cloud.
    """
    first, chosen = found[0].observations, dict(keys)
    sources = {STATE: _state(first, chosen), CLOUD: _cloud(first, chosen)}
    for role, names in sources.items():
        if names and names != (role,):
            parts = ", ".join(f"{name} {list(first[name].shape[1:])}" for name in names)
            others = "" if len(names) == 1 else "; --set env.keys.state=NAME chooses another"
            said.append(f"{role}: {parts}{', joined' if len(names) > 1 else ''}{others}")
    images = [key for key, values in first.items() if values.ndim >= 4 and key not in sources[CLOUD]]
    if images:
        said.append(f"left out: {', '.join(images)} (images)")
    made = {role: list(names) for role, names in sources.items() if names and names != (role,)}
    source = {**found.source, **({"keys": made} if made else {})}
    return Demonstrations([_renamed(episode, sources, images) for episode in found], source)


def _state(first: Mapping[str, Array], chosen: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    if "state" in chosen:
        names = tuple(_known(name, first) for name in chosen["state"])
        for name in names:
            if not _is_vector(first[name]):
                raise DataError(f"env.keys.state={name}: shape {list(first[name].shape[1:])}, expected a vector")
        return names
    if STATE in first:
        return (STATE,)
    vectors = [key for key, values in first.items() if _is_vector(values)]
    for usual in USUAL:
        if usual in vectors:
            return (usual, *([GOAL] if GOAL in vectors else []))
    return tuple(vectors)


def _cloud(first: Mapping[str, Array], chosen: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    if "cloud" not in chosen:
        clouds = [CLOUD] if CLOUD in first else [key for key, values in first.items() if is_cloud(key, values)]
        return tuple(clouds) if len(clouds) == 1 else ()
    names = tuple(_known(name, first) for name in chosen["cloud"])
    if len(names) != 1 or first[names[0]].ndim != 3 or first[names[0]].shape[2] < 3:
        shapes = ", ".join(f"{name} {list(first[name].shape[1:])}" for name in names)
        raise DataError(f"env.keys.cloud: {shapes}; expected one name, of points with x, y, z")
    return names


def _known(name: str, first: Mapping[str, Array]) -> str:
    for prefix in ("", *PREFIXES):
        if name.startswith(prefix) and name[len(prefix) :] in first:
            return name[len(prefix) :]
    near = nearest(name, first)
    raise DataError(f"env.keys: no observation {name!r} in the file; " + (
        f"did you mean {', '.join(near)}?" if near else f"there are {', '.join(first)}"))  # fmt: skip


def _is_vector(values: Array) -> bool:
    return values.ndim in (1, 2) and values.dtype.kind in "fiub"


def _renamed(episode: Episode, sources: Mapping[str, tuple[str, ...]], images: Sequence[str]) -> Episode:
    seen = dict(episode.observations)
    made = {}
    for role, names in sources.items():
        if names:
            parts = [seen[name].reshape(len(seen[name]), -1) if role == STATE else seen[name] for name in names]
            made[role] = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    used = {name for names in sources.values() for name in names}
    others = {key: values for key, values in seen.items() if key not in {*used, *made, *images}}
    return dataclasses.replace(episode, observations={**made, **others})
