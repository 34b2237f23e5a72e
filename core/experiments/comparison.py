"""Comparisons: several runs in one table, paired on the episodes that they share; methods, paired on their runs."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from math import isfinite, nan
from statistics import mean
from typing import Any

from simplatform.contracts import Metric
from simplatform.errors import UsageError
from simplatform.report.statistics import estimate, paired_means, paired_rates, paired_runs
from simplatform.report.view import OpponentView, RunView
from simplatform.runs.rundir import RunDirectory

Episode = tuple[str, int, int]
"""Task, variant, seed of the episode."""
Case = tuple[str, int]
"""Task, seed of the run."""


def compare(runs: Sequence[RunDirectory]) -> dict[str, list[dict[str, Any]]]:
    """Return a row per run under "runs", and a row per method under "methods"; opponents that the runs measured are
    rows as well, so that one run is enough where there are any.

    In "against first" of a run stands a paired test on the episodes that it shares with the first method's run of the
    same task and seed, or else with the first run. A method is a plugin with its settings; its row covers the tasks and
    seeds that all methods ran, and is there where there are two methods with two such cases.

    Raises:
        UsageError: fewer than two runs, or runs whose tasks have different metrics.
    """
    views = with_opponents([RunView(run) for run in runs])
    metrics = {view.task.metric for view in views}
    if len(views) < 2 or len(metrics) > 1:
        tasks = ", ".join(sorted({view.task.name for view in views}))
        raise UsageError(
            f"compare needs two or more runs of tasks with one metric, got {len(views)} of {tasks or 'none'}"
        )
    names = _names(views)
    groups: dict[str, dict[Case, RunView]] = {}
    for view in views:
        groups.setdefault(names[_method(view)], {}).setdefault(_case(view), view)
    first = next(iter(groups.values()))
    rows = [_row(view, names[_method(view)], first.get(_case(view), views[0])) for view in views]
    return {"runs": rows, "methods": _methods(groups, views[0].task.metric)}


def paired(first: RunView, other: RunView, metric: Metric) -> tuple[list[float], list[float]]:
    """Return a metric of two runs on the test episodes that both ran: the same seed is the same episode."""
    a, b = _by_episode(first, metric), _by_episode(other, metric)
    shared = sorted(key for key in set(a) & set(b) if isfinite(a[key]) and isfinite(b[key]))
    return [a[key] for key in shared], [b[key] for key in shared]


def with_opponents(views: Sequence[RunView]) -> list[RunView]:
    """Return runs, and after them the opponents that they measured: each once for a task and seed."""
    found: dict[tuple[str, Case], RunView] = {(view.method, _case(view)): view for view in views}
    for view in views:
        for name in view.opponents:
            found.setdefault((name, _case(view)), OpponentView(view, name))
    return [*views, *(one for one in found.values() if isinstance(one, OpponentView))]


def _row(view: RunView, method: str, first: RunView) -> dict[str, Any]:
    metric = view.task.metric
    latency = view.summary["splits"]["test"]["latency"]
    return {
        "plugin": method,
        "task": view.task.name,
        "seed": view.recipe.seed,
        metric.name: str(view.estimates()[metric.name]),
        "against first": "–" if view is first else _test(first, view, metric),
        "ms per act": _milliseconds(latency.get("median")),
        "p95 ms": _milliseconds(latency.get("p95")),
        "nfe": view.summary.get("nfe") or "–",
        "parameters": view.summary["parameters"],
        "fit s": round(view.summary["times"].get("fit", 0.0), 1),
    }


def _test(first: RunView, other: RunView, metric: Metric) -> str:
    a, b = paired(first, other, metric)
    if not a:
        return "no shared episodes"
    said = _drawn_otherwise(first, other)
    if metric.kind == "rate":
        return f"p = {paired_rates([x >= 0.5 for x in a], [x >= 0.5 for x in b]):.3g} (n={len(a)}){said}"
    return f"Δ = {paired_means(b, a)}{said}"


def _drawn_otherwise(first: RunView, other: RunView) -> str:
    """Say where two evaluations drew their randomness by different rules: the same seed is the same start, no more."""
    runs = [view.summary for view in (first, other) if "primary" in view.summary]  # opponents are their run's
    rules = {summary.get("randomness", 1) for summary in runs}
    return f"; one was evaluated before noise was the episode's own (randomness {min(rules)})" if len(rules) > 1 else ""


def _methods(groups: Mapping[str, Mapping[Case, RunView]], metric: Metric) -> list[dict[str, Any]]:
    """Return a row per method over the cases that all runs' methods have; opponents that were measured in all of them
    stand beside.
    """
    trained = [set(runs) for runs in groups.values() if not isinstance(next(iter(runs.values())), OpponentView)]
    cases = sorted(set.intersection(*trained))
    groups = {name: runs for name, runs in groups.items() if set(cases) <= set(runs)}
    if len(groups) < 2 or len(cases) < 2:
        return []
    values = {name: [list(_by_episode(runs[case], metric).values()) for case in cases] for name, runs in groups.items()}
    base = next(iter(values.values()))
    return [_method_row(name, own, base, len(cases), metric) for name, own in values.items()]


def _method_row(
    name: str, own: list[list[float]], base: list[list[float]], cases: int, metric: Metric
) -> dict[str, Any]:
    found, other = [_mean(run) for run in own], [_mean(run) for run in base]
    against = "–" if own is base else f"p = {paired_runs(other, found):.3g} (n={cases})"
    pooled = estimate([value for run in own for value in run], metric.kind)
    return {"method": name, "runs": cases, metric.name: str(pooled), "against first": against}


def _by_episode(view: RunView, metric: Metric) -> dict[Episode, float]:
    rows = [row for row in view.rows if row["split"] == "test" and row.get("repeats", -1) < 0]
    return {(view.task.name, row["variant"], row["seed"]): float(row[metric.name]) for row in rows}


def _case(view: RunView) -> Case:
    return view.task.name, view.recipe.seed


def _method(view: RunView) -> str:
    return json.dumps([view.method, view.settings], sort_keys=True)


def _names(views: Sequence[RunView]) -> dict[str, str]:
    """Return a name per method: the plugin, with the settings that set it apart from the same plugin's others."""
    methods = {_method(view): (view.method, view.settings) for view in views}
    names = {}
    for key, (plugin, settings) in methods.items():
        others = [other for name, other in methods.values() if name == plugin]
        differing = [name for name in settings if any(other.get(name) != settings[name] for other in others)]
        names[key] = ", ".join([plugin, *(f"{name}={settings[name]}" for name in differing)])
    return names


def _mean(values: Sequence[float]) -> float:
    """Return the mean of what was measured; NaN where nothing was."""
    measured = [value for value in values if isfinite(value)]
    return mean(measured) if measured else nan


def _milliseconds(seconds: float | None) -> float | str:
    return "–" if seconds is None else round(1e3 * seconds, 2)
