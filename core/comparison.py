"""Comparisons: several runs in one table, paired on the episodes that they share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from simplatform.contracts import Metric
from simplatform.errors import UsageError
from simplatform.report.view import RunView
from simplatform.rundir import RunDirectory
from simplatform.statistics import paired_means, paired_rates

Key = tuple[str, int, int]


def compare(runs: Sequence[RunDirectory]) -> list[dict[str, Any]]:
    """Return one row per run; the column "against first" holds a paired test on the episodes that both ran.

    Raises:
        UsageError: fewer than two runs, or runs of different tasks.
    """
    views = [RunView(run) for run in runs]
    tasks = sorted({view.task.name for view in views})
    if len(views) < 2 or len(tasks) > 1:
        raise UsageError(f"compare needs two or more runs of one task, got {len(views)} of {', '.join(tasks)}")
    return [_row(view, views[0]) for view in views]


def paired(first: RunView, other: RunView, metric: Metric) -> tuple[list[float], list[float]]:
    """Return a metric of two runs on the test episodes that both ran: the same seed is the same episode."""
    a, b = _by_episode(first, metric), _by_episode(other, metric)
    shared = sorted(set(a) & set(b))
    return [a[key] for key in shared], [b[key] for key in shared]


def _row(view: RunView, first: RunView) -> dict[str, Any]:
    metric = view.task.metric
    latency = view.summary["splits"]["test"]["latency"].get("median")
    return {
        "plugin": view.recipe.plugin,
        "seed": view.recipe.seed,
        metric.name: str(view.estimates()[metric.name]),
        "against first": "–" if view is first else _test(first, view, metric),
        "ms per act": "–" if latency is None else round(1e3 * latency, 2),
        "nfe": view.summary.get("nfe") or "–",
        "parameters": view.summary["parameters"],
        "fit s": round(view.summary["times"].get("fit", 0.0), 1),
    }


def _test(first: RunView, other: RunView, metric: Metric) -> str:
    a, b = paired(first, other, metric)
    if not a:
        return "no shared episodes"
    if metric.kind == "rate":
        return f"p = {paired_rates([x >= 0.5 for x in a], [x >= 0.5 for x in b]):.3g} (n={len(a)})"
    return f"Δ = {paired_means(b, a)}"


def _by_episode(view: RunView, metric: Metric) -> dict[Key, float]:
    rows = [row for row in view.rows if row["split"] == "test"]
    return {(view.task.name, row["variant"], row["seed"]): float(row[metric.name]) for row in rows}
