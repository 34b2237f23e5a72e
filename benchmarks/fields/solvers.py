"""Our ETDRK4 beside that of exponax, in one process, on one core, in turns: trajectory steps per processor second.

    pip install jax exponax; python benchmarks/fields/solvers.py [--repeats 9] [--trajectories 64] [--points 256]

Kuramoto–Sivashinsky in float32, both at order four with the 2/3 rule; exponax is compiled by JAX for the whole loop,
ours is as a user calls it. The solutions are compared first. Both see one core, and processor time is counted, so that
neither the number of cores nor other work on the machine decides. Writes ``solvers.json`` beside itself.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch

from simplatform.envs.fields.equations.kuramoto_sivashinsky import KuramotoSivashinsky
from simplatform.envs.fields.grid import Grid
from simplatform.envs.fields.problems.starts import waves
from simplatform.envs.fields.solver import SpectralSolver
from simplatform.experiments.record import write_result
from simplatform.runs.provenance import measured_on

LENGTH, STEP = 64.0, 0.05
STEPS = 200
Run = Callable[[], Any]


def main() -> None:
    """Compare the solutions, then the seconds, in turns."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repeats", type=int, default=9)
    options.add_argument("--trajectories", type=int, default=64)
    options.add_argument("--points", type=int, default=256)
    chosen = options.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    measured = measured_on()
    grid = Grid((chosen.points,), (LENGTH,))
    start = torch.stack([waves(4)(np.random.default_rng(i), grid) for i in range(chosen.trajectories)]).float()
    sides = {"simplatform": ours(grid, start), "exponax": theirs(grid, start)}
    answers = {name: np.asarray(run()) for name, run in sides.items()}
    gap = float(np.linalg.norm(answers["simplatform"] - answers["exponax"]) / np.linalg.norm(answers["exponax"]))
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(chosen.repeats):
        for name, run in sides.items():
            seconds[name].append(timed(run))
    work = STEPS * chosen.trajectories
    ratios = [theirs / ours for ours, theirs in zip(*seconds.values(), strict=True)]
    result = {
        "equation": "kuramoto-sivashinsky", "points": chosen.points, "trajectories": chosen.trajectories,
        "dtype": "float32", "repeats": chosen.repeats, "steps": STEPS, "difference": gap,
        "steps_per_second": {name: work / float(np.median(values)) for name, values in seconds.items()},
        "speed_by_exponax": {"median": float(np.median(ratios)), "least": min(ratios), "most": max(ratios)},
        "versions": versions(),
    }  # fmt: skip
    print({key: result[key] for key in ("difference", "steps_per_second", "speed_by_exponax")})
    missing = {"seeds": "one start; nothing random is measured", "interval": "times of turns: median, least, most"}
    write_result(Path(__file__).parent / "solvers.json", result, missing=missing, measured=measured)


def ours(grid: Grid, start: torch.Tensor) -> Run:
    """Return a call that advances the start by all steps."""
    solver = SpectralSolver(KuramotoSivashinsky(grid), STEP, 1, torch.float32)

    def run() -> np.ndarray[Any, Any]:
        with torch.inference_mode():
            return solver.advance(start, STEPS).numpy()

    return run


def theirs(grid: Grid, start: torch.Tensor) -> Run:
    """Return the same by exponax, compiled."""
    import exponax
    import jax

    stepper = exponax.stepper.KuramotoSivashinskyConservative(
        1, LENGTH, grid.points[0], STEP, order=4, dealiasing_fraction=2 / 3
    )
    advance = jax.jit(jax.vmap(exponax.repeat(stepper, STEPS)))
    first = jax.numpy.asarray(start.numpy())
    return lambda: jax.block_until_ready(advance(first))


def timed(run: Run) -> float:
    """Return the processor seconds of a call."""
    began = time.process_time()
    run()
    return time.process_time() - began


def versions() -> dict[str, str]:
    """Return versions of what the other side is made of."""
    from importlib.metadata import version

    return {name: version(name) for name in ("exponax", "jax", "torch")}


if __name__ == "__main__":
    main()
