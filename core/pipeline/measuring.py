"""Measuring: from whatever an environment's ``info`` holds to the numbers of an episode, or to "not measured" (NaN).

One function, ``number``, decides what counts as a number. A missing, textual or non-finite value never does.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, TypeGuard, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from simplatform.contracts import Metric
from simplatform.demonstrations import Episode
from simplatform.demonstrations.episode import Array
from simplatform.errors import UsageError, nearest

SUCCESS = ("success", "is_success")
"""Names of success: Meta-World's and Adroit's, and that of Gymnasium-Robotics and Stable-Baselines3."""
STATISTICS = {"r": "episode.return", "l": "episode.length", "t": "episode.seconds"}
"""What Gymnasium's ``RecordEpisodeStatistics`` puts under "episode"."""
SECONDS = "policy.seconds"
"""Key of what no environment reports: how long the policy took, for the episode and for what its answers rest on."""
DEEPEST = 4


@runtime_checkable
class Holder(Protocol):
    """An array or tensor of NumPy, torch or another library."""

    @property
    def shape(self) -> tuple[int, ...]:
        """Its axes."""

    def item(self) -> Any:
        """Return the only element."""

    def reshape(self, *shape: int) -> Any:
        """Return it in another shape."""


def number(value: Any) -> float:
    """Return the number that a value is: a bool, int or float of Python or NumPy, or one in an array, tensor or list.

    NaN, which is "not measured", for all else: None, text, several values, complex or non-finite ones.
    """
    found = value if type(value) is float else _number(value, DEEPEST)
    return found if math.isfinite(found) else math.nan


def is_truth(value: Any) -> bool:
    """Return whether a value is a truth value, alone or in an array or tensor."""
    return isinstance(value, bool | np.bool_) or (_single(value) and isinstance(value.reshape(-1).tolist()[0], bool))


def numbers(info: Mapping[Any, Any]) -> dict[str, float]:
    """Return the numbers of one step's info by name; NaN for what is there and not measured, such as None.

    "episode" (Gymnasium's statistics) gives ``episode.return``, ``episode.length`` and ``episode.seconds``;
    "final_info" (vector environments) is read as if it stood in the info itself.
    """
    found = {
        str(key): number(value)
        for key, value in info.items()
        if type(value) is float or value is None or _numeric(value)
    }
    episode, final = info.get("episode"), info.get("final_info")
    if isinstance(episode, Mapping):
        found.update({name: number(episode[key]) for key, name in STATISTICS.items() if key in episode})
    return {**numbers(final), **found} if isinstance(final, Mapping) else found


def columns(infos: Sequence[Mapping[Any, Any]]) -> dict[str, NDArray[np.float64]]:
    """Return what ``numbers`` finds in each of several infos, by name; NaN where an info has not got it."""
    keys = infos[0].keys() if infos else {}.keys()
    alike = all(info.keys() == keys for info in infos)
    found: dict[str, NDArray[np.float64]] = {}
    for key in [key for key in keys if alike and _plain(key, infos)]:
        values = np.array([info[key] for info in infos], float)
        found[key] = np.where(np.isfinite(values), values, np.nan)
    rest = [{key: value for key, value in info.items() if key not in found} for info in infos]
    rows = [numbers(info) for info in rest] if any(rest) else []
    for name in {name for row in rows for name in row} - found.keys():
        found[name] = np.array([row.get(name, np.nan) for row in rows])
    return dict(sorted(found.items()))


def _plain(key: object, infos: Sequence[Mapping[Any, Any]]) -> bool:
    """Return whether infos hold nothing but Python's floats and None under a key of its own meaning."""
    return type(key) is str and {type(info[key]) for info in infos} <= {float, type(None)}


def keys_of(metric: Metric) -> tuple[str, ...]:
    """Return the keys of the info that a metric is read from, the first that is there counting."""
    if metric.key:
        return (metric.key,)
    return (
        (metric.name, *(name for name in SUCCESS if name != metric.name)) if metric.name in SUCCESS else (metric.name,)
    )


def reached(metric: Metric, info: Mapping[Any, Any]) -> bool:
    """Return whether one step's info says that a rate is reached."""
    found = numbers(info)
    return any(found.get(key, 0.0) >= 0.5 for key in keys_of(metric))


def reduce_metric(metric: Metric, episode: Episode, failure: str = "") -> float:
    """Turn a metric's values over an episode into one number; NaN where they were not measured.

    An episode that failed counts as the worst of a rate, unless the rate was reached at one of its steps: so a policy
    that answers nothing is never the best. "last" is the value of the last step, "mean" and "sum" are over the steps
    that reported one.
    """
    values = _values(metric, episode)
    if metric.kind == "rate" and failure and (metric.over != "any" or metric.better == "lower" or not _any(values)):
        return float(metric.better == "lower")
    measured = values[np.isfinite(values)]
    if not len(measured):
        return math.nan
    if metric.over == "any":
        return float(_any(values))
    return float({"last": values[-1], "mean": measured.mean(), "sum": measured.sum()}[metric.over])


def require_reported(metrics: Iterable[Metric], names: Iterable[str], where: str, unread: Mapping[str, str]) -> None:
    """Refuse metrics that nothing reported; ``unread`` says what stands under keys that hold no numbers.

    Raises:
        UsageError: a metric's key is none of ``names``; those that are there are named.
    """
    known = set(names)
    for metric in metrics:
        if known.isdisjoint(keys_of(metric)) and metric.key != SECONDS:
            raise UsageError(_unreported(metric, known, where, unread))


def found_metrics(names: Iterable[str], truths: Iterable[str]) -> tuple[Metric, ...]:
    """Return metrics for the names that infos held: success as a rate reached at any step, other truths as rates."""
    names, truths = sorted(set(names)), set(truths)
    success = next((name for name in SUCCESS if name in names), None)
    first = () if success is None else (Metric("success", "rate", over="any", key=success),)
    rest = (Metric(name, "rate" if name in truths else "mean") for name in names if name not in SUCCESS)
    return (*first, *rest)


def _number(value: Any, depth: int) -> float:
    if value is None:
        return math.nan
    if isinstance(value, bool | int | float | np.bool_ | np.integer | np.floating):
        return _float(value)
    if isinstance(value, np.ma.MaskedArray) and bool(np.ma.getmaskarray(value).any()):
        return math.nan
    if not depth or isinstance(value, complex | np.generic | str | bytes | Mapping):
        return math.nan
    if isinstance(value, list | tuple):
        return _number(value[0], depth - 1) if len(value) == 1 else math.nan
    return _number(value.item(), depth - 1) if _single(value) else math.nan


def _float(value: Any) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.nan


def _single(value: Any) -> TypeGuard[Holder]:
    """Return whether this is an array or tensor of one element, on whatever device."""
    return isinstance(value, Holder) and isinstance(value.shape, tuple) and math.prod(value.shape) == 1


def _numeric(value: Any) -> bool:
    """Return whether a value is, or holds, one number, finite or not."""
    if isinstance(value, bool | int | float | np.bool_ | np.integer | np.floating):
        return True
    if isinstance(value, list | tuple):
        return len(value) == 1 and _numeric(value[0])
    return _single(value) and isinstance(value.item(), bool | int | float)


def _values(metric: Metric, episode: Episode) -> Array:
    for key in keys_of(metric):
        if key in episode.infos and len(episode.infos[key]):
            return np.asarray(episode.infos[key], float)
    return np.empty(0)


def _any(values: Array) -> bool:
    return bool((values[np.isfinite(values)] >= 0.5).any())


def _unreported(metric: Metric, known: set[str], where: str, unread: Mapping[str, str]) -> str:
    wanted = " or ".join(map(repr, keys_of(metric)))
    held = [f"{key!r} holds {unread[key]}" for key in keys_of(metric) if key in unread]
    if held:
        return f"{where}: {held[0]}, which is no number; metric {metric.name!r} needs one"
    near = nearest(metric.key or metric.name, known)
    guess = f" Did you mean {', '.join(near)}?" if near else ""
    there = ", ".join(sorted(known)) or "no numbers at all"
    return (
        f"no step of {where} reported {wanted}, which metric {metric.name!r} is read from; its info has {there}."
        f"{guess} "
        'Metric(name, key="…") says where to read'
    )
