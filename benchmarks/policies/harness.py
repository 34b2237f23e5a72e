"""Interleaved timing, success over episodes, and what a result was measured on."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from simplatform.experiments.record import TIMINGS, write_result
from simplatform.pipeline.evaluate import evaluate_shards
from simplatform.pipeline.shards import episode_shard
from simplatform.recipes import find_task
from simplatform.report.statistics import paired_rates, paired_runs
from simplatform.runs.provenance import measured_on


def interleaved(
    functions: Mapping[str, Callable[[], Any]], repeats: int, warmup: int = 3
) -> dict[str, dict[str, float]]:
    """Call the functions in turn; return minimum, median and 95th percentile of each, in ms. Load hits all alike."""
    times: dict[str, list[float]] = {name: [] for name in functions}
    for repeat in range(warmup + repeats):
        for name, function in functions.items():
            start = time.perf_counter()
            function()
            if repeat >= warmup:
                times[name].append(1e3 * (time.perf_counter() - start))
    return {
        name: {
            "min_ms": round(min(t), 3),
            "median_ms": round(statistics.median(t), 3),
            "p95_ms": round(sorted(t)[int(0.95 * (len(t) - 1))], 3),
        }
        for name, t in times.items()
    }


def successes(
    checkpoint: Path, task: str, split: str, seed: int, episodes: int, changes: Mapping[str, Any] | None = None
) -> list[bool]:
    """Return which episodes of a split a policy succeeds in, with some of its settings changed."""
    found = find_task(task)
    shards = [
        episode_shard(found, split, seed, number, changes=changes, checkpoint=str(checkpoint), stop_early=True)
        for number in range(episodes)
    ]
    return [row["success"] >= 0.5 for row in evaluate_shards(found, shards, workers=1).rows]


def paired(a: Sequence[Sequence[int]], b: Sequence[Sequence[int]]) -> dict[str, float]:
    """Return the p-values of two methods' successes, run by run: over all episodes, and over the runs."""
    episodes = ([bool(ok) for run in method for ok in run] for method in (a, b))
    runs = ([statistics.mean(run) for run in method] for method in (a, b))
    return {"p_against": paired_rates(*episodes), "p_runs_against": paired_runs(*runs)}


def earlier(path: Path, settings: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the ``runs`` of a table that was written before, if its settings were these."""
    if not path.exists() or (table := json.loads(path.read_text()))["settings"] != settings:
        return []
    runs: list[dict[str, Any]] = table["runs"]
    return runs


def ratios(rows: Mapping[str, Mapping[str, float]], ours: str, theirs: str) -> dict[str, float]:
    """Return how many times faster ``ours`` is than ``theirs``, by minimum and by median."""
    return {key.removesuffix("_ms"): round(rows[theirs][key] / rows[ours][key], 2) for key in ("min_ms", "median_ms")}


def write(path: Path, result: Mapping[str, Any], device: str = "cpu") -> None:
    """Write times with what they were measured on, and show them."""
    write_result(path, result, missing=TIMINGS, measured=measured_on(device))
    print(json.dumps(result, indent=1))
