"""Movers that see the solution, MMG, and moving after MMG: the same test problems, paired.

    python benchmarks/mesh/ahead.py --tasks helmholtz

Movers keep the connectivity; MMG and what follows it have no more vertices than before. All see the coarse solution and
its monitor, none the equation. Seed 1 gives the problems of ``helmholtz.json`` and ``remeshing.json``. Settings were
chosen on six Helmholtz problems and six ridges of seed 7, split validation. What follows MMG starts from the same
remesh, whose seconds it adds to its own. Results, written anew after every ten problems: ``ahead.json``.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch

from simplatform.envs.mesh.finite_elements.fem import basis
from simplatform.envs.mesh.geometry.boundary import constrain
from simplatform.envs.mesh.geometry.quality import quality
from simplatform.envs.mesh.geometry.validity import tangled_cells
from simplatform.envs.mesh.movers.limiter import limit
from simplatform.envs.mesh.movers.refining import refined_by_moving
from simplatform.envs.mesh.movers.remeshing import hessian_metric, remeshed_within
from simplatform.envs.mesh.moving import find_mover
from simplatform.experiments.record import write_result
from simplatform.pipeline.environments import make_env
from simplatform.recipes import find_task
from simplatform.report.statistics import bootstrap, paired_means, wilson
from simplatform.seeding import episode_seed

FIXED = ("spring", "anisotropic", "ritz", "um2n-energy")
ANEW = {"mmg": "", "mmg-anisotropic": "anisotropic", "mmg-ritz": "ritz"}


def h1_error(case, mesh, values):
    """Return the L2 error of the gradient, that of the truth by central differences."""
    space, h = basis(mesh, 4), 1e-5
    places = np.moveaxis(np.asarray(space.global_coordinates()), 0, -1)
    slope = np.stack(space.interpolate(values).grad, -1)
    flat = places.reshape(-1, mesh.dim)
    truth = [(case.truth(flat + s) - case.truth(flat - s)) / (2 * h) for s in h * np.eye(mesh.dim)]
    gap = slope - np.stack(truth, -1).reshape(slope.shape)
    return float(np.sqrt(((gap**2).sum(-1) * space.dx).sum()))


def measured(env, moved, seconds):
    """Return what one mover did to the problem that the environment has at hand."""
    case = env.case
    before = h1_error(case, case.mesh, case.solution)
    case.move(moved)
    return {
        "l2": 1 - case.error_moved / case.error_original,
        "h1": 1 - h1_error(case, moved, case.moved_solution) / before,
        "seconds": seconds,
        "quality": float(quality(moved).min()),
        "tangled": float(len(tangled_cells(moved))),
        "vertices": len(moved.points) / len(case.mesh.points),
    }


def fixed(policy, env, observation):
    """Return the mesh as a mover moves it, limited as the environment does."""
    batch = {key: torch.as_tensor(value)[None, None] for key, value in observation.items()}
    with torch.no_grad():
        wish = policy.act(batch, generator=torch.Generator().manual_seed(0))[0, 0].double().numpy()
    step = limit(env.mesh, constrain(wish, env.flags, env.directions)).displacement
    return env.mesh.moved(env.mesh.points + step)


def problem(env, seed, policies):
    """Return a row of every mover on one problem."""
    observation, _ = env.reset(seed=seed)
    rows = {}
    for name, policy in policies.items():
        began = time.process_time()
        moved = fixed(policy, env, observation)
        rows[name] = measured(env, moved, time.process_time() - began)
    began = time.process_time()
    mesh, solution = env.mesh, observation["solution"]
    remade = remeshed_within(mesh, hessian_metric(mesh, solution), len(mesh.points))
    spent = time.process_time() - began
    for name, then in ANEW.items():
        began = time.process_time()
        moved = refined_by_moving(remade, then, mesh, solution)
        rows[name] = measured(env, moved, spent + time.process_time() - began)
    return rows


def told(rows, largest):
    """Return what a table shows of one mover on one task."""
    n, column = len(rows), {key: [row[key] for row in rows] for key in rows[0]}
    seconds = [row["seconds"] for row in rows if row["variant"] == largest]
    return {
        "error_reduction": bootstrap(column["l2"]).to_json(),
        "error_reduction_h1": bootstrap(column["h1"]).to_json(),
        "worst": float(np.min(column["l2"])),
        "worse_than_not_moving": wilson(sum(x < 0 for x in column["l2"]), n).to_json(),
        "meshes_with_inverted_cell": wilson(sum(x > 0 for x in column["tangled"]), n).to_json(),
        "median_worst_quality": float(np.median(column["quality"])),
        "median_cpu_seconds": float(np.median(column["seconds"])),
        "median_cpu_seconds_largest": float(np.median(seconds)) if seconds else None,
        "mean_share_of_vertices": float(np.mean(column["vertices"])),
        "per_problem": [round(x, 5) for x in column["l2"]],
    }


def table(rows, largest):
    result = {name: told(own, largest) for name, own in rows.items()}
    theirs = [row["l2"] for row in rows["mmg"]]
    for name in set(rows) - {"mmg"}:
        ours = [row["l2"] for row in rows[name]]
        better = sum(a > b for a, b in zip(ours, theirs, strict=True))
        result[name]["gain_over_mmg"] = paired_means(ours, theirs).to_json()
        result[name]["better_than_mmg"] = wilson(better, len(ours)).to_json()
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", nargs="+", default=["helmholtz"])
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", default="test", choices=("validation", "test"))
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    policies = {name: find_mover(name, None, Path("none")) for name in FIXED}
    how = {"seeds": [options.seed], "split": options.split}
    tasks = {} if not options.json.exists() else json.loads(options.json.read_text(encoding="utf8"))["tasks"]
    for name in options.tasks:
        task = find_task(name)
        envs = [make_env(task, options.split, number).unwrapped for number in range(len(task.variants))]
        rows = {mover: [] for mover in (*FIXED, *ANEW)}
        for number in range(options.episodes):
            variant = number % len(envs)
            for mover, row in problem(
                envs[variant], episode_seed(options.seed, options.split, number), policies
            ).items():
                rows[mover].append({**row, "variant": variant})
            if number % 10 == 9 or number == options.episodes - 1:
                tasks[name] = {"episodes": number + 1, "movers": table(rows, len(envs) - 1)}
                write_result(options.json, {**how, "tasks": tasks})
                means = {mover: round(float(np.mean([row["l2"] for row in own])), 3) for mover, own in rows.items()}
                print(name, number + 1, means, flush=True)


if __name__ == "__main__":
    main()
