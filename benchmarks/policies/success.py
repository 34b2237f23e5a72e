"""Success of policies on tasks over seeds, through the same pipeline as `simplatform run`; finished runs are reused.

    python benchmarks/policies/success.py --plugins mp1 --tasks metaworld/drawer-close --seeds 0 1 2

Writes one JSON with every run's estimate, the pooled rate over all seeds with its Wilson interval, latency and times.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import simplatform as sp
from simplatform.files import read_json, write_json
from simplatform.recipes import parse_settings
from simplatform.statistics import wilson


def main() -> None:
    """Run what is asked for and write the table."""
    options = _options()
    rows = [
        _row(plugin, task, seed, options)
        for task in options.tasks
        for plugin in options.plugins
        for seed in options.seeds
    ]
    table = {
        "command": "python " + " ".join(sys.argv),
        "environment": read_json(Path(rows[0].pop("path")) / "env.json"),
        "runs": [{key: value for key, value in row.items() if key != "path"} for row in rows],
        "pooled": _pooled(rows),
    }
    write_json(options.json, table)
    for line in table["pooled"]:
        print(line["plugin"], line["task"], f"{line['k']}/{line['n']}", [round(line["low"], 2), round(line["high"], 2)])


def _row(plugin: str, task: str, seed: int, options: argparse.Namespace) -> dict[str, Any]:
    settings = parse_settings(options.set)
    run = sp.run(plugin, task, seed, settings=settings, output=options.output, workers=options.workers)
    test = run.summary["splits"]["test"]
    print(plugin, task, seed, test["metrics"]["success"], flush=True)
    return {
        "plugin": plugin,
        "task": task,
        "seed": seed,
        "success": test["metrics"]["success"],
        "latency": test["latency"],
        "parameters": run.summary["parameters"],
        "times": run.summary["times"],
        "settings": read_json(run.path / "resolved.json")["settings"],
        "path": str(run.path),
    }


def _pooled(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    pairs = sorted({(row["plugin"], row["task"]) for row in rows})
    return [{"plugin": plugin, "task": task, **_rate(rows, plugin, task)} for plugin, task in pairs]


def _rate(rows: list[dict[str, Any]], plugin: str, task: str) -> dict[str, Any]:
    found = [row["success"] for row in rows if (row["plugin"], row["task"]) == (plugin, task)]
    return wilson(sum(f["k"] for f in found), sum(f["n"] for f in found)).to_json()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--plugins", nargs="+", default=["mp1"])
    parser.add_argument("--tasks", nargs="+", required=True)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--set", nargs="*", default=[], help="settings, key=value")
    parser.add_argument("--output", type=Path, default=Path("runs"))
    parser.add_argument("--workers", type=int, default=0)
    parser.add_argument("--json", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
