"""Sweeps: plugins × tasks × seeds × settings, run through an executor, restarted where they stopped.

A sweep is a TOML file::

    plugins = ["mp1", "dp3"]
    tasks = ["metaworld/drawer-open", "metaworld/reach"]   # none: each recipe's own
    seeds = [0, 1, 2]

    [settings]                   # of every run
    "task.episodes" = 50

    [settings.mp1]               # of those of one plugin
    "train.steps" = 3000

    [grid]                       # every combination
    "train.lr" = [3e-4, 1e-3]

Equal recipes share a run directory; so what is done is reused, and what was interrupted is continued.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simplatform.errors import DataError, Interrupted, SimplatformError, UsageError
from simplatform.executors import executor
from simplatform.recipes.code import refuse_code
from simplatform.recipes.toml import read_toml

KEYS: dict[str, type] = {"plugins": list, "tasks": list, "seeds": list, "settings": dict, "grid": dict}


@dataclass(frozen=True)
class RunShard:
    """One run of a sweep, as pure data: its recipe, where it goes and on which device; ``settings`` is JSON."""

    plugin: str
    task: str | None
    seed: int
    settings: str
    output: str
    device: str = "auto"


@dataclass(frozen=True)
class Outcome:
    """What became of a run: its directory, or the error that ended it."""

    shard: RunShard
    path: str = ""
    error: str = ""


def read_sweep(path: Path, output: Path, device: str = "auto", *, trust: bool = False) -> list[RunShard]:
    """Read a sweep file and return its runs, in the order plugins, tasks, seeds, grid.

    Raises:
        DataError: not TOML, an unknown key, a value of the wrong type, or no plugin.
        UsageError: it names a file of code to execute, without ``trust``.
    """
    table = read_toml(path, "TOML file")
    _check(path, table)
    axes = (table["plugins"], table.get("tasks") or [None], table.get("seeds") or [0])
    shards = [
        RunShard(plugin, task, seed, json.dumps(settings, sort_keys=True), str(output), device)
        for plugin, task, seed in itertools.product(*axes)
        for settings in _settings(table, plugin)
    ]
    for shard in () if trust else shards:
        refuse_code(json.loads(shard.settings), path, shard.task, shard.plugin)
    if len(set(shards)) < len(shards):
        raise DataError(f"{path}: the same run is listed twice; every plugin, task, seed and value may appear once")
    return shards


def run_shard(shard: RunShard) -> Outcome:
    """Run one run to its end; an error is reported, and the other runs go on.

    Raises:
        Interrupted: SIGINT or SIGTERM came; the same sweep goes on from there.
    """
    from simplatform.api import run

    try:
        settings = json.loads(shard.settings)
        result = run(
            shard.plugin, shard.task, shard.seed, settings=settings, output=shard.output, device=shard.device, workers=1
        )
    except Interrupted:
        raise
    except SimplatformError as error:
        return Outcome(shard, error=str(error))
    except Exception as error:
        return Outcome(shard, error=f"{type(error).__name__}: {error}")
    return Outcome(shard, path=str(result.path))


def rehearsed(shards: list[RunShard], kind: str = "") -> None:
    """Refuse what the runs would be refused for, all of them together; nothing is written.

    Raises:
        UsageError: runs that would not begin, each with its reason.
        SimplatformError: there is no such executor.
    """
    from simplatform.executors.choice import check_executor
    from simplatform.pipeline.rehearsal import rehearse
    from simplatform.recipes import resolve

    check_executor(kind)
    refused = []
    for shard in shards:
        try:
            recipe = resolve(shard.plugin, shard.task, shard.seed, json.loads(shard.settings))
            rehearse(recipe, shard.output, shard.device)
        except SimplatformError as error:
            refused.append(f"{_named(shard)}: {error}")
    if refused:
        raise UsageError(f"{len(refused)} of {len(shards)} runs would be refused:\n" + "\n".join(refused))


def sweep(
    shards: list[RunShard], *, workers: int = 1, kind: str = "", on_run: Callable[[int], None] = lambda done: None
) -> list[Outcome]:
    """Run all; ``workers`` and ``kind`` choose the executor (see ``simplatform.executors``).

    ``on_run`` is told how many runs are done.
    """
    outcomes = []
    for outcome in executor(workers, kind).map(run_shard, shards):
        outcomes.append(outcome)
        on_run(len(outcomes))
    return outcomes


def table(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    """Return one row per run: its place in the sweep, its primary metric on the test split, or its error."""
    return [_row(outcome) for outcome in outcomes]


def pooled(outcomes: list[Outcome]) -> list[dict[str, Any]]:
    """Return one row per plugin, task and settings: the primary metric over all episodes of all seeds."""
    groups: dict[tuple[str, str, str], list[str]] = {}
    for outcome in outcomes:
        if outcome.path:
            key = (outcome.shard.plugin, outcome.shard.task or "", outcome.shard.settings)
            groups.setdefault(key, []).append(outcome.path)
    return [_pooled_row(key, paths) for key, paths in groups.items()]


def _check(path: Path, found: Mapping[str, Any]) -> None:
    unknown = sorted(set(found) - set(KEYS))
    if unknown:
        raise DataError(f"{path}: unknown key {unknown[0]!r}; a sweep has {', '.join(KEYS)}")
    for key, shape in KEYS.items():
        if key in found and not isinstance(found[key], shape):
            raise DataError(f"{path}: {key!r} must be a {'list' if shape is list else 'table'}, got {found[key]!r}")
    if not found.get("plugins"):
        raise DataError(f"{path}: the key 'plugins' is missing; for example plugins = [\"mp1\"]")
    for key, kind in (("plugins", str), ("tasks", str), ("seeds", int)):
        wrong = [value for value in found.get(key, []) if not isinstance(value, kind) or isinstance(value, bool)]
        if wrong:
            raise DataError(f"{path}: {key!r} must hold {'names' if kind is str else 'integers'}, got {wrong[0]!r}")
    for key, values in found.get("grid", {}).items():
        if not isinstance(values, list) or not values:
            raise DataError(f"{path}: grid key {key!r} must be a list of values, got {values!r}")


def _settings(found: Mapping[str, Any], plugin: str) -> Iterator[dict[str, Any]]:
    """Yield what a plugin is told: the settings of all, its own table of them, and each point of the grid."""
    grid, settings = found.get("grid", {}), found.get("settings", {})
    own = {name: value for name, value in settings.items() if name in found["plugins"] and isinstance(value, Mapping)}
    common = {name: value for name, value in settings.items() if name not in own}
    for values in itertools.product(*grid.values()):
        yield {**common, **own.get(plugin, {}), **dict(zip(grid, values, strict=True))}


def _row(outcome: Outcome) -> dict[str, Any]:
    from simplatform.report.view import RunView
    from simplatform.runs.rundir import RunDirectory

    shard = outcome.shard
    place = {"plugin": shard.plugin, "task": shard.task or "", "seed": shard.seed, "settings": _short(shard.settings)}
    if outcome.error:
        return {**place, "metric": "", "value": "", "run": "", "error": outcome.error}
    view = RunView(RunDirectory.open(Path(outcome.path)))
    name = view.task.metric.name
    place["task"] = view.task.name
    return {**place, "metric": name, "value": str(view.estimates()[name]), "run": outcome.path, "error": ""}


def _pooled_row(key: tuple[str, str, str], paths: list[str]) -> dict[str, Any]:
    from simplatform.report.statistics import estimate
    from simplatform.report.view import RunView
    from simplatform.runs.rundir import RunDirectory

    views = [RunView(RunDirectory.open(Path(path))) for path in paths]
    metric = views[0].task.metric
    values = [float(row[metric.name]) for view in views for row in view.rows if row["split"] == "test"]
    plugin, _, settings = key
    return {
        "plugin": plugin, "task": views[0].task.name, "settings": _short(settings), "seeds": len(views),
        "metric": metric.name, "value": str(estimate(values, metric.kind)), "episodes": len(values),
    }  # fmt: skip


def _named(shard: RunShard) -> str:
    return " ".join(filter(None, [shard.plugin, shard.task, f"seed {shard.seed}", _short(shard.settings)]))


def _short(settings: str) -> str:
    return ", ".join(f"{key}={value}" for key, value in json.loads(settings).items())
