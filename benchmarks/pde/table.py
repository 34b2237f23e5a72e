"""Every method on every problem that it applies to, at equal seconds; finite elements from coarse to fine beside them.

``PDE_CELLS=folder python benchmarks/pde/table.py [problem …]`` goes on where it was cut off and writes what there is.
Seconds are those of the process itself; of a budget, all that lies before the last step counts.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from methods import environment, kept, seeds, solved, summary

import simplatform as sp
from simplatform.envs.meshfree.finite_elements.answers import solve_at
from simplatform.envs.meshfree.finite_elements.solver import FiniteElements, box
from simplatform.envs.meshfree.queries import relative_error
from simplatform.errors import ContractError
from simplatform.experiments.record import write_result
from simplatform.policies.meshfree import training

HERE = Path(__file__).parent
BUDGET = 10.0
MANY = 100_000
METHODS: dict[str, tuple[str, dict[str, Any]]] = {
    "pig": ("pig", {"natural": MANY}),
    "lpinn": ("lpinn", {"natural": MANY}),
    "insr": ("insr", {"times": 20}),
    "pinn": ("pinn", {"lbfgs": MANY}),
    "pinn, causal": ("pinn", {"lbfgs": MANY, "causal": 1.0}),
    "pinn, Fourier": ("pinn", {"lbfgs": MANY, "fourier": 20}),
    "pinn, natural": ("pinn", {"adam": 0, "lbfgs": 0, "natural": MANY, "width": 20, "depth": 2}),
}
"""Each with its own settings, and as many steps as there are seconds; ``insr`` marches in 20 steps."""
SPACE = [(8, 1), (16, 1), (32, 1), (64, 1)]
LINE = [(50, 100), (100, 400), (200, 1600), (400, 3200)]
PLANE = [(8, 25), (12, 50), (16, 100), (24, 200)]
LADDERS = {
    "helmholtz": SPACE, "poisson": SPACE, "poisson-3d": [(4, 1), (8, 1), (12, 1), (16, 1)], "heat": PLANE,
    "taylor-green": PLANE[:3], "burgers": LINE, "allen-cahn": LINE, "advected-gaussian": LINE,
    "convection": [(50, 1000), (50, 4000), (50, 16000)], "moving-waves": [(50, 1000), (100, 4000), (100, 16000)],
}  # fmt: skip
"""Cells and steps of the finite elements, by problem."""
MOVERS = ("monge-ampere", "anisotropic", "um2n-energy")
MOVED = (16, 32, 64)


def measured(problem: str) -> dict[str, Any]:
    """Return all rows of a problem."""
    env, found = environment(f"pde/{problem}"), dict[str, Any]()
    for cells, steps in LADDERS[problem]:
        name, given = f"p2-fem, {cells} cells, {steps} steps", {"cells": cells, "times": steps}
        found[name] = summary([kept(f"{problem} {name}", lambda given=given: solved("p2-fem", env, 0, given))])
    if problem in ("helmholtz", "poisson"):
        found |= moved(problem, env)
    for name, (plugin, given) in METHODS.items():
        if "causal" in given and env.pde.time is None:
            continue
        settings = {**given, "seconds": BUDGET}
        try:
            found[name] = seeds(f"{problem} {name}", plugin, env, settings)
        except ContractError:
            continue
    return found


def moved(problem: str, env: Any) -> dict[str, Any]:
    """Return P1 on a regular mesh, and after its vertices were moved by the solution on it."""
    found = {}
    for cells in MOVED:
        for name in ("", *MOVERS):
            row = kept(f"{problem} p1 {name} {cells}", lambda name=name, cells=cells: p1(env, name, cells))
            found[f"p1, {cells} cells" + f", {name}" * bool(name)] = summary([row])
    return found


def p1(env: Any, mover: str, cells: int) -> dict[str, Any]:
    """Solve with P1; with a mover, move the vertices by that solution and solve again. Seconds count all of it."""
    env.reset(seed=0)
    pde, parameters, points = env.pde, env.pde.values(env.drawn), env.points[: env.count]
    carrier, start = sp.mover(mover) if mover else None, time.process_time()
    mesh, seen = box(pde.low, pde.high, cells), list[Any]()
    elements = FiniteElements(pde, cells, 1, mesh)
    if carrier is not None:
        elements.solve(parameters, 1, lambda _, vector: seen.append(vector))
        done = carrier.move(mesh.p.T.copy(), mesh.t.T.copy(), solution=seen[0])
        elements = FiniteElements(pde, cells, 1, type(mesh)(np.ascontiguousarray(done.points.T), mesh.t))
    answer = solve_at(elements, points, parameters, 1)
    seconds = time.process_time() - start
    return {"error": relative_error(answer, env.solution[: env.count]), "cpu_seconds": seconds,
            "vertices": mesh.p.shape[1]}  # fmt: skip


def main(names: list[str]) -> None:
    """Measure, and write one file."""
    torch.set_num_threads(1)
    training.time.perf_counter = time.process_time  # type: ignore[assignment]  # a budget of the process's own seconds
    result = {name: measured(name) for name in names or list(LADDERS)}
    write_result(HERE / "table.json", result, missing={"interval": "ranges over seeds are given instead"})


if __name__ == "__main__":
    main(sys.argv[1:])
