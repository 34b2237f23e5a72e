"""Which observations are the robot's state, its cloud and its cameras: ``agent_pos``, ``point_cloud``, ``image``."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

import numpy as np

from simplatform.demonstrations import Demonstrations, Episode
from simplatform.deployment.images import is_image
from simplatform.envs.recorded.frames import Array, is_cloud
from simplatform.errors import ConfigError, DataError, nearest

STATE, CLOUD, IMAGE = "agent_pos", "point_cloud", "image"
ROLES = {"state": STATE, "cloud": CLOUD, "image": IMAGE}
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


def mapped(found: Demonstrations, keys: Keys, said: list[str], cameras: bool = True) -> Demonstrations:
    """Return episodes whose observations have the names that policies know; what was taken is said.

    Without ``keys``, the state is ``agent_pos``, or else what is called ``state`` or ``observation``, with a desired
    goal beside it, or else all vectors, joined. Cameras' images are taken where there is no cloud, all of them; without
    ``cameras``, they never are. The first camera's stand under ``image``, a second one's under ``image 1``, and so on.

    Raises:
        DataError: a name of ``keys`` is not in the file, or is no vector, cloud or image.
    """
    first, chosen = found[0].observations, dict(keys)
    sources = {STATE: _state(first, chosen), CLOUD: _cloud(first, chosen)}
    seen = _cameras(first, chosen, bool(sources[CLOUD])) if cameras else ()
    for role, names in {**sources, IMAGE: seen}.items():
        if names and names != (role,):
            parts = ", ".join(f"{name} {list(first[name].shape[1:])}" for name in names)
            others = "" if len(names) == 1 or role == IMAGE else "; --set env.keys.state=NAME chooses another"
            said.append(f"{role}: {parts}{', joined' if len(names) > 1 and role == STATE else ''}{others}")
    left = [key for key, values in first.items() if values.ndim >= 3 and key not in (*sources[CLOUD], *seen)]
    if left:
        said.append(f"left out: {', '.join(left)}; --set env.keys.image=NAME or env.keys.cloud=NAME shows it")
    made = {role: list(names) for role, names in sources.items() if names and names != (role,)}
    made |= {IMAGE: list(seen)} if seen else {}
    source = {**found.source, **({"keys": made} if made else {})}
    sources |= {camera(number): (name,) for number, name in enumerate(seen)}
    return Demonstrations([_renamed(episode, sources, left) for episode in found], source)


def camera(number: int) -> str:
    """Return what a camera's images are called on the way from a file to ``image``, where all cameras are together."""
    return f"{IMAGE} {number}" if number else IMAGE


def is_depth(name: str, values: Array) -> bool:
    """Return whether an observation is depth images: so called, and ``(L, H, W)`` or ``(L, H, W, 1)``."""
    flat = values.ndim == 3 or (values.ndim == 4 and 1 in (values.shape[1], values.shape[3]))
    return "depth" in name and flat


def _cameras(first: Mapping[str, Array], chosen: Mapping[str, tuple[str, ...]], cloud: bool) -> tuple[str, ...]:
    if "image" not in chosen:
        return () if cloud else tuple(key for key, values in first.items() if _is_camera(key, values))
    names = tuple(_known(name, first) for name in chosen["image"])
    for name in names:
        if first[name].ndim != 4 or not is_image(first[name].shape[1:]):
            raise DataError(f"env.keys.image={name}: shape {list(first[name].shape[1:])}, expected (height, width, 3)")
    return names


def _is_camera(name: str, values: Array) -> bool:
    return values.ndim == 4 and is_image(values.shape[1:]) and not is_depth(name, values)


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


def _renamed(episode: Episode, sources: Mapping[str, tuple[str, ...]], left: Sequence[str]) -> Episode:
    seen = dict(episode.observations)
    made = {}
    for role, names in sources.items():
        if names:
            parts = [seen[name].reshape(len(seen[name]), -1) if role == STATE else seen[name] for name in names]
            made[role] = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    used = {name for names in sources.values() for name in names}
    others = {key: values for key, values in seen.items() if key not in {*used, *made, *left}}
    return dataclasses.replace(episode, observations={**made, **others})
