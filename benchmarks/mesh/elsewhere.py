"""Movers and MMG on geometries and equations that nothing was trained or tuned on: the same problems, paired.

    OMP_NUM_THREADS=1 python benchmarks/mesh/elsewhere.py --episodes 4

Geometries times equations, a mesh of about 20 vertices across each; MMG, at no more vertices, where the problem is
steady. Training was on Helmholtz problems in squares, settings were chosen on such and on ridges. Burgers' equation
takes place in the square; beside it stands Monge–Ampère as the UM2N paper runs it. Every row is kept: a call goes on
where the last one ended.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from pathlib import Path

import numpy as np
import torch

from simplatform.envs.mesh.geometry.quality import quality
from simplatform.envs.mesh.movers.policy import MMGConfig, MMGPolicy, monge_ampere_published_expert
from simplatform.envs.mesh.moving import find_mover
from simplatform.experiments.record import write_result
from simplatform.pipeline.environments import make_env, signature_of
from simplatform.recipes import find_task
from simplatform.report.statistics import bootstrap, wilson
from simplatform.seeding import episode_seed

GEOMETRIES = ("l-shape", "disc", "hole", "coastline", "polygon")
EQUATIONS = ("poisson", "helmholtz", "nonlinear-poisson", "thermo-electric", "heat")
CELLS = (("burgers", "square"), *((equation, geometry) for geometry in GEOMETRIES for equation in EQUATIONS))
MOVERS = ("spring", "anisotropic", "ritz", "um2n-energy")
SEED, N = 1, 20


def task_of(equation, geometry, **more):
    """Return the task of one cell of the table."""
    found = find_task(equation)
    kwargs = {**found.kwargs, "problem": equation, "geometry": geometry, **more}
    return dataclasses.replace(found, kwargs=kwargs, variants=({"n": N},))


def episode(mover, env, seed):
    """Return what is left of an episode: error removed, inverted cells, worst quality, median CPU seconds a move.

    MMG's own work is part of the environment's step, and not in its seconds: ``ahead.json`` has them.
    """
    observation, _ = env.reset(seed=seed)
    seconds, done = [], False
    while not done:
        batch = {key: torch.as_tensor(value)[None, None] for key, value in observation.items()}
        began = time.process_time()
        with torch.no_grad():
            action = mover.act(batch, generator=torch.Generator().manual_seed(0))[0, 0].numpy()
        seconds.append(time.process_time() - began)
        observation, _, terminated, truncated, info = env.step(action)
        done = terminated or truncated
    worst = float(quality(env.unwrapped.case.moved).min())
    return [float(info["error_reduction"]), float(info["tangled"]), worst, float(np.median(seconds))]


def problems(equation, geometry, episodes):
    """Return rows of all movers on one cell's problems."""
    env = make_env(task_of(equation, geometry), "test", 0)
    movers = {name: (env, find_mover(name, None, Path("none"))) for name in MOVERS}
    if equation == "burgers":
        movers |= {"monge-ampere": (env, find_mover("monge-ampere", None, Path("none")))}
        movers |= {"monge-ampere-published": (env, monge_ampere_published_expert(env))}
    elif equation != "heat":
        remade = make_env(task_of(equation, geometry, action="metric"), "test", 0)
        movers |= {"mmg": (remade, MMGPolicy(MMGConfig(), signature_of(remade)))}
    first = 100 * CELLS.index((equation, geometry))  # no two cells share their problems
    seeds = [episode_seed(SEED, "test", first + number) for number in range(episodes)]
    return {name: [episode(mover, where, seed) for seed in seeds] for name, (where, mover) in movers.items()}


def told(mover, rows):
    """Return the summary of one mover's rows."""
    removed, tangled, worst, seconds = np.array(rows, float).T
    return {
        "error_reduction": bootstrap(removed.tolist()).to_json(),
        "worst": float(removed.min()),
        "worse_than_not_moving": wilson(int((removed < 0).sum()), len(rows)).to_json(),
        "meshes_with_inverted_cell": wilson(int((tangled > 0).sum()), len(rows)).to_json(),
        "median_worst_quality": float(np.median(worst)),
        **({} if mover == "mmg" else {"median_cpu_seconds": float(np.median(seconds))}),
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--episodes", type=int, default=4)
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    kept = json.loads(options.json.read_text(encoding="utf8"))["rows"] if options.json.exists() else {}
    for equation, geometry in CELLS:
        name = f"{equation}/{geometry}"
        if len(next(iter(kept.get(name, {}).values()), [])) < options.episodes:
            kept[name] = problems(equation, geometry, options.episodes)
            cells = {cell: {mover: told(mover, rows) for mover, rows in of.items()} for cell, of in kept.items()}
            every = {mover: [row for of in kept.values() for row in of.get(mover, [])] for mover in (*MOVERS, "mmg")}
            result = {"n": N, "seeds": [SEED], "cells": cells, "all": {m: told(m, r) for m, r in every.items() if r}}
            write_result(options.json, {**result, "rows": kept})
            print(
                name,
                {mover: round(row["error_reduction"]["value"], 3) for mover, row in cells[name].items()},
                flush=True,
            )


if __name__ == "__main__":
    main()
