"""What a conversion between formats lost: what was written is read again and compared."""

from __future__ import annotations

import numpy as np

from simplatform.demonstrations.episode import Array, Demonstrations, Episode

ABOUT = ("fps", "robot", "task", "names")
"""What a source says of recordings, that conversions keep where they can."""


def losses(before: Demonstrations, after: Demonstrations) -> list[str]:
    """Return what ``after`` has not of ``before``, a line each, names that changed among it."""
    lines = [f"{key}: {before.source[key]}" for key in ABOUT if _lost(before.source.get(key), after.source.get(key))]
    lines += [f"{name}, which was not read" for name in before.source.get("skipped") or ()]
    if not len(before) or not len(after):
        return lines
    one, other = before[0], after[0]
    lines += [_renamed(key, one.observations[key], other) for key in one.observations if key not in other.observations]
    for key in one.observations:
        found = other.observations.get(key)
        if found is not None and not _same(one.observations[key][:-1], found[:-1]):
            lines.append(f"{key}: {_kind(one.observations[key])} became {_kind(found)}")
    if not _same(one.actions, other.actions):
        lines.append(f"action: {_kind(one.actions)} became {_kind(other.actions)}")
    if any(not _same_end(a, b) for a, b in zip(before, after, strict=True)):
        lines.append("the observation after the last action of each episode")
    lines += [f"{key}, a number of each step" for key in one.infos if key not in other.infos]
    return lines


def _lost(value: object, found: object) -> bool:
    return bool(value) and value != found


def _renamed(key: str, values: Array, other: Episode) -> str:
    new = [name for name, found in other.observations.items() if _same(values[:-1], found[:-1])]
    return f"the name {key}: it is called {new[0]}" if new else f"{key}: {_kind(values)}"


def _same_end(one: Episode, other: Episode) -> bool:
    shared = set(one.observations) & set(other.observations)
    return all(np.array_equal(one.observations[key][-1], other.observations[key][-1]) for key in shared)


def _same(one: Array, other: Array) -> bool:
    equal = one.dtype.kind == "f" and other.dtype.kind == "f"
    return one.shape == other.shape and one.dtype == other.dtype and np.array_equal(one, other, equal_nan=equal)


def _kind(values: Array) -> str:
    return f"{values.dtype} {list(values.shape[1:])}"
