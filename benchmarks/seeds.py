"""Any plugins on any tasks over seeds, through the same pipeline as `simplatform run`; finished runs are reused.

    python benchmarks/seeds.py --plugins mp1 --tasks metaworld/dial-turn --seeds 0 1 2 --json mp1.json

Writes one JSON with every run's metrics, latency, times and settings, and the primary metric pooled over all episodes
of all seeds with its 95 % interval; beside it the task's opponents on the same episodes, with the paired gain over each
and, for a rate, the p-value of McNemar's exact test.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import simplatform as sp
import simplatform.api
from simplatform.experiments.record import write_result
from simplatform.recipes import find_task, parse_settings
from simplatform.report.statistics import estimate, paired_gain, paired_rates
from simplatform.runs.episodes import read_rows
from simplatform.runs.files import read_json


def main() -> None:
    """Run what is asked for and write the table."""
    options = _options()
    wanted = [(plugin, task, seed) for task in options.tasks for plugin in options.plugins for seed in options.seeds]
    runs = {key: _run(*key, options) for key in wanted}
    pooled = [
        _pooled(plugin, task, [run for key, run in runs.items() if key[:2] == (plugin, task)])
        for plugin, task in dict.fromkeys((p, t) for p, t, _ in wanted)
    ]
    table = {
        "pooled": pooled,
        "runs": [_row(key, run) for key, run in runs.items()],
    }
    write_result(options.json, table)


def _run(plugin: str, task: str, seed: int, options: argparse.Namespace) -> sp.api.Run:
    settings = parse_settings(options.set)
    run = sp.run(plugin, task, seed, settings=settings, output=options.output, workers=options.workers)
    print(plugin, task, seed, run.summary["splits"]["test"]["metrics"], flush=True)
    return run


def _row(key: tuple[str, str, int], run: sp.api.Run) -> dict[str, Any]:
    summary = run.summary
    return {
        "plugin": key[0],
        "task": key[1],
        "seed": key[2],
        "splits": summary["splits"],
        "opponents": summary["opponents"],
        "parameters": summary["parameters"],
        "times": summary["times"],
        "settings": read_json(run.path / "resolved.json")["settings"],
    }


def _pooled(plugin: str, task: str, found: list[sp.api.Run]) -> dict[str, Any]:
    """Return the primary metric over the test episodes of all seeds, and that of the opponents."""
    metric = find_task(task).metric
    own = [value for run in found for value in _values(run, metric)]
    pooled = estimate(own, metric.kind)
    print(plugin, task, metric.name, pooled, f"over {len(found)} seeds")
    names = [name for name, one in found[0].summary["opponents"].items() if "failure" not in one]
    opponents = {name: _beside(own, [v for run in found for v in _values(run, metric, name)], metric) for name in names}
    head = {"plugin": plugin, "task": task, "metric": metric.name, "seeds": len(found)}
    return {**head, **pooled.to_json(), "opponents": opponents}


def _beside(own: list[float], other: list[float], metric: sp.Metric) -> dict[str, Any]:
    gain = paired_gain(metric, own, other)
    p = {"p": paired_rates(*([x >= 0.5 for x in part] for part in (own, other)))} if metric.kind == "rate" else {}
    return {**estimate(other, metric.kind).to_json(), "gain": gain.to_json(), **p}


def _values(run: sp.api.Run, metric: sp.Metric, opponent: str = "") -> list[float]:
    """Return the metric of each test episode, in their order: of the run's method, or of an opponent."""
    rows = read_rows(run.path / "eval" / ("opponents.parquet" if opponent else "episodes.parquet"))
    chosen = [row for row in rows if row["split"] == "test" and row.get("opponent", "") == opponent]
    return [float(row[metric.name]) for row in sorted(chosen, key=lambda row: int(row["episode"]))]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--plugins", nargs="+", required=True)
    parser.add_argument("--tasks", nargs="+", required=True)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--set", nargs="*", default=[], help="settings, key=value")
    parser.add_argument("--output", type=Path, default=Path("runs"))
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--json", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
