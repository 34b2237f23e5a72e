"""Movers that see the solution, MMG, and moving after MMG: the same test problems, paired.

    python benchmarks/mesh/ahead.py --tasks helmholtz poisson-ridge helmholtz-ridge poisson

Movers keep the connectivity; MMG and what follows it have no more vertices than before. All see the coarse solution and
its monitor, none the equation. Seed 1 gives the problems of ``helmholtz.json`` and ``remeshing.json``. Settings were
chosen on six problems of seed 7, split validation. Results: ``ahead.json``.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
import torch

from simplatform.envs.mesh.geometry.quality import quality
from simplatform.envs.mesh.moving import find_mover
from simplatform.experiments.record import write_result
from simplatform.pipeline.environments import make_env
from simplatform.recipes import expanded, find_task
from simplatform.report.statistics import bootstrap, paired_means, wilson
from simplatform.seeding import episode_seed

FIXED = ("spring", "anisotropic", "ritz", "um2n-energy")
ANEW = ("mmg", "mmg-anisotropic", "mmg-ritz")


def policy_of(name):
    """Return a mover, and what its environment is told."""
    if name not in ANEW:
        return find_mover(name, None, Path("none")), {}
    from simplatform.contracts import Signature
    from simplatform.envs.mesh.movers.policy import MMGConfig, MMGPolicy

    told = {"action": "metric", "then": name.removeprefix("mmg").removeprefix("-")}
    return MMGPolicy(MMGConfig(), Signature({}, ())), told


def h1_error(case, moved):
    """Return the error of the gradient in L2, by differences of the truth where only values are known."""
    from simplatform.envs.mesh.finite_elements.fem import basis

    mesh, values = (case.moved, case.moved_solution) if moved else (case.mesh, case.solution)
    space = basis(mesh, 4)
    places = np.moveaxis(np.asarray(space.global_coordinates()), 0, -1)
    slope = np.stack(space.interpolate(values).grad, -1)
    h = 1e-5
    steps = [h * axis for axis in np.eye(mesh.dim)]
    truth = np.stack([(case.truth((places + s).reshape(-1, mesh.dim)) - case.truth((places - s).reshape(-1, mesh.dim)))
                      .reshape(places.shape[:2]) / (2 * h) for s in steps], -1)  # fmt: skip
    return float(np.sqrt((((slope - truth) ** 2).sum(-1) * space.dx).sum()))


def episode(policy, env, seed):
    observation, _ = env.reset(seed=seed)
    batch = {key: torch.as_tensor(value)[None, None] for key, value in observation.items()}
    with torch.no_grad():
        action = policy.act(batch, generator=torch.Generator().manual_seed(0))[0, 0].numpy()
    _, _, _, _, info = env.step(action)
    case = env.unwrapped.case
    return {
        "l2": float(info["error_reduction"]),
        "h1": 1 - h1_error(case, True) / h1_error(case, False),
        "seconds": float(info["move_seconds"]),
        "quality": float(quality(case.moved).min()),
        "tangled": float(info["tangled"]),
        "vertices": len(case.moved.points) / len(case.mesh.points),
    }


def told(rows, n):
    """Return what a table shows of one mover on one task."""
    column = {key: [row[key] for row in rows] for key in rows[0]}
    return {
        "error_reduction": bootstrap(column["l2"]).to_json(),
        "error_reduction_h1": bootstrap(column["h1"]).to_json(),
        "worst": float(np.min(column["l2"])),
        "worse_than_not_moving": wilson(sum(x < 0 for x in column["l2"]), n).to_json(),
        "meshes_with_inverted_cell": wilson(sum(x > 0 for x in column["tangled"]), n).to_json(),
        "median_worst_quality": float(np.median(column["quality"])),
        "median_seconds": float(np.median(column["seconds"])),
        "median_seconds_largest": float(np.median([r["seconds"] for r in rows if r["variant"] == rows[-1]["last"]])),
        "mean_share_of_vertices": float(np.mean(column["vertices"])),
        "per_problem": [round(x, 5) for x in column["l2"]],
    }


def measure(name, movers, episodes, seed, split):
    rows = {mover: [] for mover in movers}
    for mover in movers:
        policy, more = policy_of(mover)
        task = expanded(find_task(name), {**find_task(name).kwargs, **more})
        envs = [make_env(task, split, number) for number in range(len(task.variants))]
        for number in range(episodes):
            variant = number % len(envs)
            found = episode(policy, envs[variant], episode_seed(seed, split, number))
            rows[mover].append({**found, "variant": variant, "last": len(envs) - 1})
        print(name, mover, bootstrap([row["l2"] for row in rows[mover]]), flush=True)
    result = {mover: told(own, episodes) for mover, own in rows.items()}
    for mover in movers:
        if "mmg" in movers and mover != "mmg":
            ours, theirs = ([row["l2"] for row in rows[one]] for one in (mover, "mmg"))
            result[mover]["gain_over_mmg"] = paired_means(ours, theirs).to_json()
            result[mover]["better_than_mmg"] = wilson(sum(a > b for a, b in zip(ours, theirs, strict=True)),
                                                     episodes).to_json()  # fmt: skip
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tasks", nargs="+", default=["helmholtz"])
    parser.add_argument("--movers", nargs="+", default=[*FIXED, *ANEW])
    parser.add_argument("--episodes", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--split", default="test", choices=("validation", "test"))
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    how = {"seeds": [options.seed], "split": options.split, "episodes": options.episodes}
    tasks = {} if not options.json.exists() else json.loads(options.json.read_text(encoding="utf8"))["tasks"]
    for name in options.tasks:
        found = measure(name, options.movers, options.episodes, options.seed, options.split)
        tasks[name] = {**tasks.get(name, {}), **found}
        write_result(options.json, {**how, "tasks": tasks})


if __name__ == "__main__":
    main()
