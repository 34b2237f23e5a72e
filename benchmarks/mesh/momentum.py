"""Momentum against today's iterations: Monge–Ampère's relaxation, and direct descent on the error (``r-adapt``).

    python benchmarks/mesh/momentum.py

Relaxation: iterations until the residual is 1e-3 of the load, and seconds, on the ring and on Hessian monitors of
Helmholtz solutions (test problems of seed 1), all methods one after the other on one mesh. Descent: evaluations until
90 % of what 150 steps of Adam win is won; "not reached" counts as 150 and is said. Results: ``momentum.json``.
"""

from __future__ import annotations

import argparse
import time
from functools import partial
from pathlib import Path

import numpy as np
import torch

from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.monitors import standard as monitors
from simplatform.envs.mesh.movers.monge_ampere import MongeAmpere, accelerated, newton, quasi_newton, relaxation
from simplatform.envs.mesh.problems.helmholtz import Helmholtz
from simplatform.experiments.record import write_result
from simplatform.pipeline.environments import make_env, signature_of
from simplatform.policies.mesh import refine
from simplatform.recipes import find_task
from simplatform.report.statistics import bootstrap
from simplatform.seeding import episode_seed

NAMES = ("gradient", "nesterov", "triple-momentum", "heavy-ball")
MOVERS = {"relaxation": relaxation, **{name: partial(accelerated, method=name) for name in NAMES},
          "quasi-newton": quasi_newton, "newton": newton}  # fmt: skip


def relaxations(sizes, count):
    """Return what each method takes on the ring and on Helmholtz monitors."""
    cases = [(f"ring {n}", generators.square(n), lambda mesh: monitors.ring(mesh.points)) for n in sizes]
    for number in range(count):
        n = sizes[number % len(sizes)]
        mesh = generators.square(n)
        drawn = Helmholtz.sample(np.random.default_rng(episode_seed(1, "test", number)), *mesh.bounds)
        cases.append((f"helmholtz {n}", mesh, lambda at, p=drawn: p.monitor(at, p.exact(at.points))))
    rows = {}
    for name, mesh, monitor in cases:
        equation = MongeAmpere(mesh)
        equation.laplace  # noqa: B018  # factorised once, for all
        for method, mover in MOVERS.items():
            began = time.perf_counter()
            found = mover(equation, monitor, maxiter=1000)
            row = {"iterations": found.iterations, "converged": found.converged, "seconds": time.perf_counter() - began}
            rows.setdefault(name, {}).setdefault(method, []).append(row)
        print(name, {method: own[-1]["iterations"] for method, own in rows[name].items()}, flush=True)
    return {name: {method: told(own) for method, own in part.items()} for name, part in rows.items()}


def told(rows):
    return {
        "iterations": [row["iterations"] for row in rows],
        "converged": sum(row["converged"] for row in rows),
        "seconds": float(np.median([row["seconds"] for row in rows])),
        "n": len(rows),
    }


def descents(count, steps=150):
    """Return evaluations to 90 % of Adam's gain, and the final gain, of every optimiser."""
    task = find_task("helmholtz")
    env = make_env(task, "test", 0).unwrapped
    signature = signature_of(env)
    rows = {name: [] for name in ("adam", *NAMES[1:])}
    for number in range(count):
        observation, _ = env.reset(seed=episode_seed(1, "test", number))
        batch = {key: torch.as_tensor(value)[None, None] for key, value in observation.items()}
        costs = {name: history(name, signature, batch, steps) for name in rows}
        best = min(costs["adam"])
        goal = costs["adam"][0] - 0.9 * (costs["adam"][0] - best)
        for name, own in costs.items():
            below = [k for k, value in enumerate(own) if value <= goal]
            rows[name].append(
                {"evaluations": below[0] if below else steps, "reached": bool(below), "end": min(own) - own[0]}
            )
        print(number, {name: own[-1] for name, own in rows.items()}, flush=True)
    return {
        name: {
            "evaluations": bootstrap([row["evaluations"] for row in own]).to_json(),
            "reached": sum(row["reached"] for row in own),
            "error_removed": bootstrap([1 - np.exp(row["end"]) for row in own]).to_json(),
        }
        for name, own in rows.items()
    }


def history(name, signature, batch, steps):
    """Return the objective, walls included, at every evaluation of one descent."""
    costs = []
    policy = refine.RAdapt(refine.RAdaptConfig(optimiser=name, steps=steps), signature)
    plain = refine.adam if name == "adam" else refine.descent

    def listening(cost, *rest):
        def heard(place):
            value = cost(place)
            costs.append(float(value.detach()))
            return value

        return plain(heard, *rest)

    setattr(refine, plain.__name__, listening)
    try:
        policy.act(batch, generator=torch.Generator())
    finally:
        setattr(refine, plain.__name__, plain)
    return costs


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sizes", type=int, nargs="+", default=[16, 24])
    parser.add_argument("--monitors", type=int, default=12)
    parser.add_argument("--problems", type=int, default=8)
    parser.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    options = parser.parse_args()
    torch.set_num_threads(1)
    result = {"relaxation": relaxations(options.sizes, options.monitors), "descent": descents(options.problems)}
    write_result(options.json, {"seeds": [1], **result})


if __name__ == "__main__":
    main()
