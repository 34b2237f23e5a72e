"""Movers on problems and geometries that no learned one was trained on; training was on Helmholtz problems in squares.

    OMP_NUM_THREADS=1 python benchmarks/mesh/zero_shot.py --run um2n-s0=runs/um2n-s0 --run um2n-s1=runs/um2n-s1 … \
        [--only heat,swirl]

Every mover sees the same problems. Runs named ``NAME-sSEED`` are pooled over their training seeds, with an interval
over problems. Tasks are run in turn and merged into ``zero_shot.json``, so that a part can be done again; ``--merge``
keeps a task's movers of earlier calls. ``worse_than_not_moving`` says in how many problems a mover increased the error.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import re
from pathlib import Path

import numpy as np
import torch
from movers import compare, pooled, summary

from simplatform.envs.mesh.moving import find_mover
from simplatform.experiments.record import write_result
from simplatform.recipes import find_task
from simplatform.report.statistics import bootstrap, wilson
from simplatform.runs.provenance import measured_on

TASKS = {
    "poisson": (20, 40),
    "nonlinear-poisson": (20, 20),
    "thermo-electric": (20, 20),
    "helmholtz/polygon": (20, 40),
    "helmholtz/l-shape": (20, 40),
    "helmholtz/disc": (20, 40),
    "helmholtz/hole": (20, 40),
    "helmholtz/coastline": (20, 40),
    "heat": (20, 10),
    "swirl": (20, 5),
    "burgers": (15, 5),
    "tsunami": (30, 8),
    "cylinder": (12, 10),
}
"""Task → vertices across, episodes."""


def quantities(rows):
    """Return how much of the error of each quantity of interest a mover removed in the mean, and its mean errors."""
    result = {}
    for name in sorted(
        {key.removesuffix("_error_moved") for row in rows for key in row if key.endswith("_error_moved")}
    ):
        pairs = np.array([[row[f"{name}_error_original"], row[f"{name}_error_moved"]] for row in rows])
        result[name] = {
            "mean_error_original": float(pairs[:, 0].mean()),
            "mean_error_moved": float(pairs[:, 1].mean()),
            "reduction_of_the_mean": float(1 - pairs[:, 1].mean() / pairs[:, 0].mean()),
            "reduction": bootstrap((1 - pairs[:, 1] / pairs[:, 0]).tolist()).to_json(),
        }
    return result


def over_seeds(rows):
    """Return the results of runs that differ in their training seed alone, put together."""
    found = pooled(rows, None)
    for name, result in found.items():
        every = [row for run, items in rows.items() if re.fullmatch(rf"{re.escape(name)}-s\d+", run) for row in items]
        worse = sum(row["error_reduction"] < 0 for row in every)
        result |= {"worse_than_not_moving": wilson(worse, len(every)).to_json(), "quantities": quantities(every)}
    return found


def run(name, names, trained, n, episodes, seed):
    task = dataclasses.replace(find_task(name), variants=({"n": n},))
    rows = compare(task, names, trained, episodes, seed, "test")
    machine = measured_on()
    movers = {
        mover: {**summary(items, task.variants, None), "quantities": quantities(items), "machine": machine}
        for mover, items in rows.items()
    }
    return {"task": name, "n": n, "episodes": episodes, "seed": seed, "movers": movers, "pooled": over_seeds(rows)}


def merged(before, made):
    """Return a task's earlier results with the movers of a new run over the same problems."""
    if any(before[key] != made[key] for key in ("n", "episodes", "seed")):
        raise SystemExit(f"{made['task']}: not the same problems")
    return {**made, **{part: {**before.get(part, {}), **made[part]} for part in ("movers", "pooled")}}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--run", action="append", default=[], metavar="NAME=PATH", help="a trained mover")
    parser.add_argument("--movers", default="monge-ampere", help="classical movers")
    parser.add_argument("--only", default=",".join(TASKS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--merge", action="store_true", help="keep the movers of earlier runs over the same problems")
    options = parser.parse_args()
    torch.set_num_threads(1)
    trained = {name: find_mover(name, Path(path)) for name, path in (item.split("=", 1) for item in options.run)}
    names = [name for name in options.movers.split(",") if name] + list(trained)
    path = Path(__file__).with_suffix(".json")
    kept = json.loads(path.read_text(encoding="utf8"))["tasks"] if path.exists() else []
    for name in options.only.split(","):
        made = run(name, names, trained, *TASKS[name], options.seed)
        before = next((task for task in kept if task["task"] == name), None)
        if options.merge and before is not None:
            made = merged(before, made)
        kept = [task for task in kept if task["task"] != name] + [made]
        kept.sort(key=lambda task: list(TASKS).index(task["task"]))
        trained_on = "Helmholtz problems on meshes of the unit square"
        write_result(path, {"trained": trained_on, "tasks": kept})
        for mover, row in {**made["movers"], **made["pooled"]}.items():
            value = row["error_reduction"]
            shown = f"{value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"
            more = {key: round(item["reduction_of_the_mean"], 3) for key, item in row["quantities"].items()}
            print(
                f"{name:20s} {mover:18s} {shown} worse {row['worse_than_not_moving']['value']:.2f} {more}", flush=True
            )


if __name__ == "__main__":
    main()
