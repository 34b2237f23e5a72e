"""Practice of a planner above a still executor: ``OMP_NUM_THREADS=1 python benchmarks/policies/two_level.py``.

One executor, ``mp1`` on ``metaworld/three-skills`` (ten demonstrations of each task, told which it is, 1500 steps), and
``two-level`` above it on ``metaworld/three-in-turn``, six updates of each planner in place of twelve, for each seed.
On the same test episodes of that seed, a third in each order of the tasks:

- ``planner``: the one that learned from the successes of all;
- ``specialists``: on each order the planner that practised it;
- ``fixed plan``: the best of the three plans that are an order each, chosen by its score on these very episodes, so
  that it is no worse than any rule that chooses one beforehand;
- ``told``: each order's own plan, what the executor is worth.

Tasks, executor and number of updates were chosen for speed, before any of these numbers; the practice's settings on the
two scenes of ``tests/policies/manipulation/test_two_level.py``. The acceptance of the specification: planner at least
20 points above the fixed plan, the executor's weights the same bits, the planner within 5 points of the specialists.
Runs go to ``--output`` and go on where they stopped; writes ``two_level.json`` after every seed, and leaves out
seeds that are in it.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

import simplatform as sp
from simplatform.experiments.record import write_result
from simplatform.pipeline.shards import episode_shard, run_episode
from simplatform.recipes import resolve
from simplatform.report.statistics import paired_rates, wilson
from simplatform.runs.checkpoint import read_tensors
from simplatform.runs.rundir import RunDirectory

SEEN = {"env.camera_size": 64, "task.opponents": False}
ORDERS = 3
ASKED = ("steps", "updates", "episodes")
"""Options that a file's numbers belong to."""


def executor(output: Path, steps: int) -> Path:
    """Train the executor, or find it."""
    settings = {**SEEN, "train.steps": steps, "task.episodes": 30}
    return sp.run("mp1", "metaworld/three-skills", settings=settings, output=output / "executor").path


def planned(output: Path, below: Path, seed: int, updates: int) -> Path:
    """Let a planner practise above the executor, or find it."""
    settings = {
        **SEEN, "policy.executor": str(below), "train.steps": 0, "task.demonstrations": 1, "policy.iterations": updates,
    }  # fmt: skip
    return sp.run("two-level", seed=seed, settings=settings, output=output / "planners", until="fit").path


def rates(checkpoint: Path, seed: int, episodes: list[int], changes: Mapping[str, Any]) -> dict[int, bool]:
    """Return which test episodes succeed, the policy's settings changed."""
    task = resolve("two-level", settings=SEEN).task
    shards = [
        episode_shard(task, "test", seed, number, checkpoint=str(checkpoint), changes=changes, stop_early=True)
        for number in episodes
    ]
    return {shard.episode: run_episode(shard).episode.metrics["success"] >= 1 for shard in shards}


def same_bits(run: Path, below: Path) -> bool:
    """Return whether a run's executor has the bits of the one that it was given."""
    own, given = (read_tensors(sp.Run(path).best / "model.safetensors") for path in (run, below))
    return all(torch.equal(own[f"executor.{name}"], value) for name, value in given.items())


def measure(run: Path, below: Path, seed: int, episodes: int) -> dict[str, Any]:
    """Return which of a seed's test episodes each way of planning wins."""
    checkpoint, everything = sp.Run(run).best, list(range(episodes))
    planner = rates(checkpoint, seed, everything, {})
    specialists, told, plans = dict[int, bool](), dict[int, bool](), []
    for order in range(ORDERS):
        mine = everything[order::ORDERS]
        specialists |= rates(checkpoint, seed, mine, {"specialist": order})
        plan = [(order + stage) % ORDERS for stage in range(ORDERS)]
        plans.append(rates(checkpoint, seed, everything, {"plan": plan}))
        told |= {number: plans[-1][number] for number in mine}
    best = max(plans, key=lambda won: sum(won.values()))
    found = {"planner": planner, "specialists": specialists, "fixed plan": best, "told": told}
    wins = {name: [bool(won[number]) for number in everything] for name, won in found.items()}
    seconds = RunDirectory(run).times().get("fit", 0.0)
    return {"seed": seed, "same_bits": same_bits(run, below), "practice_s": seconds, "wins": wins}


def joined(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return rates over all seeds, and the differences that the acceptance asks for, paired by episode."""
    wins = {name: [won for row in rows for won in row["wins"][name]] for name in rows[0]["wins"]}
    rate = {name: wilson(sum(won), len(won)) for name, won in wins.items()}
    gains = [
        {
            "over": other, "points": round(100 * (rate["planner"].value - rate[other].value), 1),
            "p": paired_rates(wins["planner"], wins[other]),
        }
        for other in ("fixed plan", "specialists", "told")
    ]  # fmt: skip
    return {"rates": {name: one.to_json() for name, one in rate.items()}, "planner": gains}


def main() -> None:
    """Measure all seeds and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--episodes", type=int, default=18)
    parser.add_argument("--updates", type=int, default=6, help="of each planner, half of the default")
    parser.add_argument("--steps", type=int, default=1500, help="training of the executor")
    parser.add_argument("--output", type=Path, default=Path("runs/two_level"))
    parser.add_argument("--executor", type=Path, help="a run of it that is there")
    options = parser.parse_args()
    below = options.executor or executor(options.output, options.steps)
    place, asked = Path(__file__).with_suffix(".json"), {name: getattr(options, name) for name in ASKED}
    before = json.loads(place.read_text()) if place.is_file() else {}
    rows: list[dict[str, Any]] = before["rows"] if asked.items() <= before.items() else []
    for seed in [seed for seed in options.seeds if seed not in [row["seed"] for row in rows]]:
        run = planned(options.output, below, seed, options.updates)
        rows.append(measure(run, below, seed, options.episodes))
        print(rows[-1], flush=True)
        result = {**asked, "rows": rows, **joined(rows)}
        write_result(place, result)


if __name__ == "__main__":
    main()
