"""Generative policies on the same demonstrations, optimiser steps and test episodes; continued where it stopped.

    OMP_NUM_THREADS=1 python benchmarks/policies/comparison.py --output runs/comparison [--seeds 0 1 2] [--table]

Every run is `simplatform run --plugin P --task T --seed S` with the settings below. Seeds are the outer loop, so that
what is there after any time is balanced over tasks and plugins. A run that the table holds already is not done again,
also where its folder is gone. ``--table`` runs nothing and only gathers what is done.
Writes ``comparison.json`` and ``comparison.png`` beside itself: per task and plugin the success over all episodes of
all seeds with its Wilson interval, and per plugin against MP1, DP3 and replay two paired tests: on the same episodes
(McNemar, exact), which tells of the policies that were trained, and on the runs (sign flips), which tells of the
methods.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import harness
import torch

import simplatform as sp
from simplatform.errors import Interrupted, SimplatformError
from simplatform.experiments.record import write_result
from simplatform.recipes import resolve
from simplatform.report.statistics import estimate
from simplatform.runs.episodes import read_rows
from simplatform.runs.files import read_json
from simplatform.runs.rundir import RunDirectory

HERE = Path(__file__).parent
PLUGINS = ("mp1", "flowpolicy", "dp3", "simple-dp3", "flow-matching", "replay-nearest")
OPPONENTS = ("replay-nearest", "replay-first", "zero")
"""Plugins that need no training: of the settings only those of the task are theirs."""
REFERENCES = ("mp1", "dp3", "replay-nearest")
TASKS = {
    "metaworld/drawer-open": "easy", "metaworld/door-open": "easy", "metaworld/hammer": "medium",
    "metaworld/sweep-into": "medium", "metaworld/hand-insert": "hard", "metaworld/stick-push": "very hard",
}  # fmt: skip
SETTINGS: dict[str, Any] = {
    "policy.size": "small", "policy.widths": [], "train.steps": 1000, "task.demonstrations": 10, "task.validation": 2,
    "task.episodes": 20, "task.record": 0,
}  # fmt: skip
VARIANTS: dict[str, dict[str, Any]] = {
    "mp1, times in hundredths": {"policy.time_scale": 100.0},
    "mp1, answers with data": {"policy.prediction": "data"},
}
"""Plugins with settings of their own, which ``--plugins`` takes by these names."""
Key = tuple[str, str, int]
Record = dict[str, Any]


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
    done = measured(chosen.json)
    asked = [(p, t, s) for s in chosen.seeds for t in chosen.tasks for p in chosen.plugins]
    wanted = [*dict.fromkeys([*done, *asked])]  # what an earlier call measured stays in the table
    for key in asked:
        if key not in done and (
            found := finished(key, chosen.output) or (not chosen.table and run(key, chosen.output))
        ):
            done[key] = record(key, found)
            write(chosen.json, wanted, done)
    write(chosen.json, wanted, done)


def measured(path: Path) -> dict[Key, Record]:
    """Return the runs that an earlier table holds, if it was made with these settings."""
    return {(one["plugin"], one["task"], one["seed"]): one for one in harness.earlier(path, SETTINGS)}


def finished(key: Key, output: Path) -> RunDirectory | None:
    """Return a run if it is done."""
    plugin, task, seed, settings = _what(key)
    directory = RunDirectory.create(output, resolve(plugin, task, seed, settings))
    return directory if directory.status["state"] == "done" else None


def run(key: Key, output: Path) -> RunDirectory | None:
    """Do one run."""
    plugin, task, seed, settings = _what(key)
    try:
        done = sp.run(plugin, task, seed, settings=settings, output=output, workers=1, device="cpu")
    except Interrupted:
        raise
    except SimplatformError as error:
        print(*key, "FAILED", error, flush=True)
        return None
    print(*key, done.summary["success"]["value"], flush=True)
    return RunDirectory(done.path)


def _what(key: Key) -> tuple[str, str, int, dict[str, Any]]:
    """Return plugin, task, seed and settings."""
    name, task, seed = key
    settings = {**SETTINGS, **VARIANTS.get(name, {})}
    if name in OPPONENTS:
        settings = {key: value for key, value in settings.items() if key.startswith("task.")}
    return name.split(",")[0], task, seed, {**settings, "task.opponents": False}


def record(key: Key, run: RunDirectory) -> Record:
    """Return what the table keeps of a run; ``success`` holds one number per test episode, in their order."""
    rows = [row for row in read_rows(run.path / "eval" / "episodes.parquet") if row["split"] == "test"]
    summary = run.summary
    return {
        "plugin": key[0], "task": key[1], "seed": key[2], "success": [int(row["success"] >= 0.5) for row in rows],
        "parameters": summary["parameters"], "nfe": summary.get("nfe") or 1,
        "fit_seconds": round(summary["times"].get("fit", 0.0), 1), "git": read_json(run.path / "env.json")["git"],
    }  # fmt: skip


def write(path: Path, wanted: list[Key], done: dict[Key, Record]) -> None:
    """Write the table and the figure of all runs that are done."""
    runs = {key: done[key] for key in wanted if key in done}
    if not runs:
        return
    table = {
        "settings": SETTINGS, "groups": TASKS, "runs_wanted": len(wanted), "runs_done": len(runs),
        "rows": list(rows(runs)), "plugins": list(pooled(runs)), "runs": list(runs.values()),
    }  # fmt: skip
    write_result(path, table)
    draw(table, path.with_suffix(".png"))


def rows(runs: dict[Key, Record]) -> Iterator[dict[str, Any]]:
    """Yield a row per task and plugin, over the seeds that are done."""
    for plugin, task in dict.fromkeys((p, t) for p, t, _ in runs):
        own = {seed: run for (p, t, seed), run in runs.items() if (p, t) == (plugin, task)}
        success = [float(value) for run in own.values() for value in run["success"]]
        yield {
            "task": task, "plugin": plugin, "seeds": sorted(own), "success": estimate(success, "rate").to_json(),
            "by_seed": {seed: sum(run["success"]) for seed, run in own.items()},
            "fit_seconds": [run["fit_seconds"] for run in own.values()],
        }  # fmt: skip


def pooled(runs: dict[Key, Record]) -> Iterator[dict[str, Any]]:
    """Yield a row per plugin over the tasks and seeds that all plugins have, with paired tests against references."""
    by_case: dict[tuple[str, int], dict[str, list[int]]] = defaultdict(dict)
    for (plugin, task, seed), run in runs.items():
        by_case[task, seed][plugin] = run["success"]
    plugins = sorted({plugin for plugin, _, _ in runs})
    cases = [found for found in by_case.values() if set(found) == set(plugins)]
    for plugin in plugins if cases else ():
        found = {name: [case[name] for case in cases if name in case] for name in (plugin, *REFERENCES)}
        own = found[plugin]
        row = {"plugin": plugin, "cases": len(cases), "success": estimate([*map(float, chain(*own))], "rate").to_json()}
        for name in (name for name in REFERENCES if name != plugin and found[name]):
            row |= {f"{key}_{name}": value for key, value in harness.paired(found[name], own).items()}
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
