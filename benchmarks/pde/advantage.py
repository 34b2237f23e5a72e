"""Where a mesh-free method wins, and what a second-order optimiser gains: LPINN on waves that are carried fast.

``python benchmarks/pde/advantage.py [waves] [optimisers] [conductivity] [convection]``;
seconds are those of the process itself.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from methods import environment, kept, seeds, solved, summary
from scipy.interpolate import CubicSpline

from simplatform.envs.meshfree.queries import relative_error
from simplatform.experiments.record import write_result
from simplatform.policies.meshfree import training
from simplatform.report.statistics import wilson

HERE = Path(__file__).parent
GRIDS = ((50, 500), (50, 2000), (100, 4000), (100, 16000))
"""Cells and time steps of the finite elements."""
BUDGET = 5.0
MANY = 100_000
OPTIMISERS: dict[str, dict[str, Any]] = {
    "natural gradient": {"natural": MANY},
    "natural gradient, 30 steps of CG": {"natural": MANY, "cg": 30},
    "adam": {"adam": MANY},
    "lbfgs": {"lbfgs": MANY},
}
PROBLEMS = 10


def waves() -> dict[str, Any]:
    """Return LPINN beside P2 finite elements on ever finer grids, and a plain network."""
    env = environment("pde/moving-waves")
    found: dict[str, Any] = {"lpinn": seeds("waves lpinn", "lpinn", env, {})}
    for cells, steps in GRIDS:
        name, given = f"p2-fem, {cells} cells, {steps} steps", {"cells": cells, "times": steps}
        found[name] = summary([kept(f"waves {name}", lambda given=given: solved("p2-fem", env, 0, given))])
    return found


def optimisers() -> dict[str, Any]:
    """Return PIG and a plain network on Helmholtz by each optimiser in the same seconds."""
    env, found = environment("pde/helmholtz"), dict[str, Any]()
    for plugin, own in (("pig", {}), ("pinn", {"width": 20, "depth": 3})):
        for name, given in OPTIMISERS.items():
            steps = {"natural": 0, "adam": 0, "lbfgs": 0, **given, **own, "seconds": BUDGET}
            found[f"{plugin}, {name}"] = seeds(f"{plugin} {name}", plugin, env, steps)
    return found


def convection() -> dict[str, Any]:
    """Return what else there is for the pure convection of ``lpinn.json``: P2 finite elements at equal error and at
    equal seconds, and what who knows that the problem is periodic takes, semi-Lagrangian steps and Fourier modes.
    """
    env, found = environment("pde/convection"), dict[str, Any]()
    for steps in (4000, 16000):
        name, given = f"p2-fem, 50 cells, {steps} steps", {"cells": 50, "times": steps}
        found[name] = summary([kept(f"convection {name}", lambda given=given: solved("p2-fem", env, 0, given))])
    for cells in (64, 256):
        found[f"semi-lagrangian, {cells} cells, 128 steps"] = summary([timed(env, semi_lagrangian, cells)])
    found["fourier, 32 points"] = summary([timed(env, fourier, 32)])
    return found


def timed(env: Any, method: Any, cells: int) -> dict[str, Any]:
    """Return a method's error at the grid of points, and its seconds."""
    env.reset(seed=0)
    start = time.process_time()
    answer = method(env.points[: env.count], 2 * np.pi * np.arange(cells) / cells, float(env.drawn["c"]))
    seconds = time.process_time() - start
    return {"error": relative_error(answer[:, None], env.solution[: env.count]), "cpu_seconds": seconds}


def semi_lagrangian(points: Any, x: Any, c: float) -> Any:
    """Carry sin x by cubic splines in 128 steps; the grid's 64 times are among them."""
    u, at = np.sin(x), {0.0: np.sin(x)}
    knots = np.append(x, 2 * np.pi)
    for step in range(1, 129):
        u = CubicSpline(knots, np.append(u, u[0]), bc_type="periodic")((x - c / 128) % (2 * np.pi))
        at[step / 128] = u
    found = np.empty(len(points))
    for t in np.unique(points[:, 1]):
        rows, now = points[:, 1] == t, at[float(np.round(t * 128) / 128)]
        found[rows] = CubicSpline(knots, np.append(now, now[0]), bc_type="periodic")(points[rows, 0])
    return found


def fourier(points: Any, x: Any, c: float) -> Any:
    """Turn the phases of sin x's modes."""
    modes = np.fft.rfft(np.sin(x)) / len(x)
    k = np.arange(len(modes))
    waves = np.exp(1j * k * (points[:, :1] - c * points[:, 1:]))
    return np.real(waves @ (modes * np.where(k > 0, 2, 1)))


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
