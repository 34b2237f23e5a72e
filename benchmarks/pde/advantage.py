"""Where a mesh-free method wins, and what a second-order optimiser gains: LPINN on waves that are carried fast.

``python benchmarks/pde/advantage.py [waves] [optimisers] [conductivity] [convection]``;
seconds are those of the process itself.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import torch
from methods import environment, kept, solved, summary

from simplatform.experiments.record import write_result
from simplatform.policies.meshfree import training
from simplatform.report.statistics import wilson

HERE = Path(__file__).parent
SEEDS = (0, 1, 2)
GRIDS = ((50, 500), (50, 2000), (100, 4000), (100, 16000))
"""Cells and time steps of the finite elements."""
BUDGET = 5.0
PROBLEMS = 10


def waves() -> dict[str, Any]:
    """Return LPINN beside P2 finite elements on ever finer grids, and a plain network."""
    env = environment("pde/moving-waves")
    rows = [kept(f"waves lpinn {seed}", lambda seed=seed: solved("lpinn", env, seed, {})) for seed in SEEDS]
    found: dict[str, Any] = {"lpinn": summary(rows)}
    for cells, steps in GRIDS:
        name, given = f"p2-fem, {cells} cells, {steps} steps", {"cells": cells, "times": steps}
        found[name] = summary([kept(f"waves {name}", lambda given=given: solved("p2-fem", env, 0, given))])
    return found


def optimisers() -> dict[str, Any]:
    """Return PIG on Helmholtz by each optimiser in the same seconds."""
    env, found = environment("pde/helmholtz"), dict[str, Any]()
    for name in ("natural", "adam", "lbfgs"):
        steps = {"natural": 0, "adam": 0, "lbfgs": 0, name: 100_000}
        rows = [solved("pig", env, seed, {**steps, "seconds": BUDGET}) for seed in SEEDS]
        found[name] = summary(rows)
        print(name, found[name]["error"], flush=True)
    return found


def convection() -> dict[str, Any]:
    """Return P2 finite elements on the pure convection of ``lpinn.json``, at equal error and at equal seconds."""
    env, found = environment("pde/convection"), dict[str, Any]()
    for steps in (4000, 16000):
        row = solved("p2-fem", env, 0, {"cells": 50, "times": steps})
        found[f"p2-fem, 50 cells, {steps} steps"] = summary([row])
    return found


def conductivity() -> dict[str, Any]:
    """Return how near an unknown conductivity is found from 20 noisy sensors, and how often its interval holds it."""
    env = environment("pde/conductivity", points=256)
    settings = {"natural": 30, "adam": 0, "lbfgs": 0, "width": 10, "depth": 2, "inside": 80, "outside": 20}
    rows = [solved("pinn", env, seed, settings) for seed in range(PROBLEMS)]
    held = wilson(int(sum(row["covered"] for row in rows)), len(rows)).to_json()
    return {"rods": {**summary(rows), "coverage": held, "settings": settings}}


def main(names: list[str]) -> None:
    """Measure, and write a file each."""
    torch.set_num_threads(1)
    training.time.perf_counter = time.process_time  # type: ignore[assignment]  # a budget of the process's own seconds
    for name in names or ["waves", "optimisers"]:
        result = {"waves": waves, "optimisers": optimisers, "conductivity": conductivity, "convection": convection}[
            name
        ]()
        write_result(HERE / f"{name}.json", result, missing={"interval": "ranges over seeds are given instead"})
        print(name, {key: (value["error"], value["cpu_seconds"]) for key, value in result.items()}, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
