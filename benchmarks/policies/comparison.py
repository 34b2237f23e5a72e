"""Generative policies on the same demonstrations, optimiser steps and test episodes; continued where it stopped.

    OMP_NUM_THREADS=1 python benchmarks/policies/comparison.py --output runs/comparison [--seeds 0 1 2] [--table]

Every run is `simplatform run --plugin P --task T --seed S` with the settings below. Seeds are the outer loop, so that
what is there after any time is balanced over tasks and plugins. ``--table`` runs nothing and only gathers what is done.
Writes ``comparison.json`` and ``comparison.png`` beside itself: per task and plugin the success over all episodes of
all seeds with its Wilson interval, and per plugin against MP1 a paired test (McNemar, exact) on the same episodes.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

import simplatform as sp
from simplatform.errors import SimplatformError
from simplatform.files import write_json
from simplatform.pipeline.evaluate import read_rows
from simplatform.provenance import provenance
from simplatform.recipes import resolve
from simplatform.rundir import RunDirectory
from simplatform.statistics import estimate, paired_rates

HERE = Path(__file__).parent
PLUGINS = ("mp1", "flowpolicy", "dp3", "simple-dp3", "flow-matching")
TASKS = {
    "metaworld/drawer-open": "easy", "metaworld/door-open": "easy", "metaworld/hammer": "medium",
    "metaworld/sweep-into": "medium", "metaworld/hand-insert": "hard", "metaworld/stick-push": "very hard",
}  # fmt: skip
SETTINGS: dict[str, Any] = {
    "policy.size": "small", "policy.widths": [], "train.steps": 1000, "task.demonstrations": 10, "task.validation": 2,
    "task.episodes": 20, "task.record": 0,
}  # fmt: skip
Key = tuple[str, str, int]


def main() -> None:
    """Run what is missing, and write the table after every run."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--output", type=Path, default=Path("runs/comparison"))
    options.add_argument("--plugins", nargs="+", default=list(PLUGINS))
    options.add_argument("--tasks", nargs="+", default=list(TASKS))
    options.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options.add_argument("--json", type=Path, default=HERE / "comparison.json")
    options.add_argument("--table", action="store_true", help="run nothing, gather what is done")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    wanted = [(p, t, s) for s in chosen.seeds for t in chosen.tasks for p in chosen.plugins]
    if not chosen.table:
        for key in wanted:
            run(key, chosen.output)
            gather(wanted, chosen.output, chosen.json)
    gather(wanted, chosen.output, chosen.json)


def run(key: Key, output: Path) -> None:
    """Do one run, or find it done."""
    plugin, task, seed = key
    try:
        done = sp.run(plugin, task, seed, settings=SETTINGS, output=output, workers=1, device="cpu")
        print(*key, done.summary["success"]["value"], flush=True)
    except SimplatformError as error:
        print(*key, "FAILED", error, flush=True)


def gather(wanted: list[Key], output: Path, path: Path) -> None:
    """Write the table and the figure of all runs that are done."""
    runs = {key: found for key in wanted if (found := finished(key, output))}
    if not runs:
        return
    table = {
        "command": "OMP_NUM_THREADS=1 python benchmarks/policies/comparison.py", "settings": SETTINGS,
        "groups": TASKS, "runs_wanted": len(wanted), "runs_done": len(runs),
        "rows": list(rows(runs)), "plugins": list(pooled(runs)), "environment": provenance("cpu"),
    }  # fmt: skip
    write_json(path, table)
    draw(table, path.with_suffix(".png"))


def finished(key: Key, output: Path) -> RunDirectory | None:
    """Return a run if it is done."""
    directory = RunDirectory.create(output, resolve(*key, SETTINGS))
    return directory if directory.status["state"] == "done" else None


def outcomes(run: RunDirectory) -> dict[int, bool]:
    """Return which test episodes succeeded, by their seed."""
    rows = read_rows(run.path / "eval" / "episodes.parquet")
    return {row["seed"]: row["success"] >= 0.5 for row in rows if row["split"] == "test"}


def rows(runs: dict[Key, RunDirectory]) -> Iterator[dict[str, Any]]:
    """Yield a row per task and plugin, over the seeds that are done."""
    for plugin, task in dict.fromkeys((p, t) for p, t, _ in runs):
        own = {seed: run for (p, t, seed), run in runs.items() if (p, t) == (plugin, task)}
        success = [float(value) for run in own.values() for value in outcomes(run).values()]
        yield {
            "task": task, "plugin": plugin, "seeds": sorted(own), "success": estimate(success, "rate").to_json(),
            "by_seed": {seed: sum(outcomes(run).values()) for seed, run in own.items()}, **costs(list(own.values())),
        }  # fmt: skip


def costs(runs: list[RunDirectory]) -> dict[str, Any]:
    """Return parameters, evaluations per action, and the means of training time and latency."""
    summaries = [run.summary for run in runs]
    latency = [summary["splits"]["test"]["latency"] for summary in summaries]
    return {
        "parameters": summaries[0]["parameters"], "nfe": summaries[0].get("nfe"),
        "fit_seconds": [round(summary["times"].get("fit", 0.0), 1) for summary in summaries],
        "latency_median_ms": [round(1e3 * found["median"], 2) for found in latency],
        "latency_p95_ms": [round(1e3 * found["p95"], 2) for found in latency],
    }  # fmt: skip


def pooled(runs: dict[Key, RunDirectory]) -> Iterator[dict[str, Any]]:
    """Yield a row per plugin over all tasks that are done for every plugin, with a paired test against MP1."""
    by_case: dict[tuple[str, int], dict[str, RunDirectory]] = defaultdict(dict)
    for (plugin, task, seed), run in runs.items():
        by_case[task, seed][plugin] = run
    plugins = {plugin for plugin, _, _ in runs}
    cases = {case: found for case, found in by_case.items() if set(found) == plugins}
    for plugin in sorted(plugins) if cases else ():
        own = {(case, seed): ok for case, found in cases.items() for seed, ok in outcomes(found[plugin]).items()}
        row = {
            "plugin": plugin,
            "cases": len(cases),
            "success": estimate([*map(float, own.values())], "rate").to_json(),
        }
        if "mp1" in plugins and plugin != "mp1":
            first = {(case, seed): ok for case, found in cases.items() for seed, ok in outcomes(found["mp1"]).items()}
            row["p_against_mp1"] = paired_rates([first[key] for key in own], list(own.values()))
        yield row


def draw(table: dict[str, Any], path: Path) -> None:
    """Draw success with intervals, tasks side by side."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    tasks, plugins = ([*dict.fromkeys(row[key] for row in table["rows"])] for key in ("task", "plugin"))
    figure, axis = plt.subplots(figsize=(9, 3.4), layout="constrained")
    for index, plugin in enumerate(plugins):
        own = [row for row in table["rows"] if row["plugin"] == plugin]
        at = [tasks.index(row["task"]) + 0.8 * (index + 0.5) / len(plugins) - 0.4 for row in own]
        value = [row["success"]["value"] for row in own]
        low = [max(row["success"]["value"] - row["success"]["low"], 0.0) for row in own]
        high = [max(row["success"]["high"] - row["success"]["value"], 0.0) for row in own]
        axis.bar(at, value, 0.8 / len(plugins), yerr=[low, high], label=plugin, error_kw={"lw": 0.7})
    axis.set_xticks(range(len(tasks)), [task.removeprefix("metaworld/") for task in tasks])
    axis.set(ylabel="success", ylim=(0, 1.05))
    axis.legend(ncols=len(plugins), fontsize=7, frameon=False)
    figure.savefig(path, dpi=120)
    plt.close(figure)


if __name__ == "__main__":
    main()
