"""One-step students on a robot task, taught by trained policies; continued where it stopped.

    OMP_NUM_THREADS=1 python benchmarks/policies/students.py --output runs/comparison [--task metaworld/sweep-into]

Teachers are runs of the comparison, ``flow-matching`` and ``dp3`` (made here where they are missing), and for rectified
diffusion a ``dp3`` that predicts v. A student starts from its teacher, and trains half as many steps or ``--steps``.
Per student, number of steps and seed: success at one evaluation on the test episodes, the same of its teacher with one
evaluation and with its own number, and the one-step error: on the windows of the validation demonstrations, the root
mean square difference, in normalised units, between a one-step chunk and the chunk that a hundred steps of the teacher
make of the same noise.
Writes ``students.json``.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, cast

import harness
import numpy as np
import torch
from comparison import SETTINGS
from torch import Tensor

import simplatform as sp
from simplatform.experiments.record import write_result
from simplatform.pipeline.collect import collect
from simplatform.pipeline.fit import windows_of
from simplatform.policies.manipulation.pointcloud import PointCloudPolicy
from simplatform.recipes import find_task
from simplatform.report.statistics import estimate

Teacher = tuple[str, dict[str, Any]]
FLOW, DATA, V = ("flow-matching", {}), ("dp3", {}), ("dp3", {"policy.prediction": "v"})
STUDENTS: dict[str, Teacher] = {
    "rectified-flow": FLOW, "rectified-flow++": FLOW, "rectified-diffusion": V, "consistency-distillation": DATA,
    "sub-path-linear": DATA,
}  # fmt: skip
ONE = {"flow-matching": {"nfe": 1}, "dp3": {"nfe": 1, "sampler": "dpm++2m"}}
"""A teacher's single step: DP3's own rule would evaluate its network where there is least noise (``ddim_indices``)."""
FINE = 100
"""Evaluations of the teacher that stand for the exact answer."""


def main() -> None:
    """Train what is missing, and write the table after every run."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--output", type=Path, default=Path("runs/comparison"))
    options.add_argument("--task", default="metaworld/sweep-into")
    options.add_argument("--students", nargs="+", default=list(STUDENTS))
    options.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options.add_argument("--steps", type=int, nargs="+", default=[SETTINGS["train.steps"] // 2], help="of a student")
    options.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    chosen = options.parse_args()
    torch.set_num_threads(1)
    settings = {**SETTINGS, "task": chosen.task}
    runs = harness.earlier(chosen.json, settings)
    for steps, seed, student in product(chosen.steps, chosen.seeds, chosen.students):
        if not any((one["student"], one["steps"], one["seed"]) == (student, steps, seed) for one in runs):
            runs.append(measure(student, chosen.task, seed, steps, chosen.output))
            print(runs[-1], flush=True)
            write_result(chosen.json, {"settings": settings, "rows": list(rows(runs)), "runs": runs})


def measure(student: str, task: str, seed: int, steps: int, output: Path) -> dict[str, Any]:
    """Train a student (and its teacher), or find them done, and measure both."""
    name, settings = STUDENTS[student]
    common: dict[str, Any] = {"output": output, "workers": 1, "device": "cpu"}
    taught = sp.run(name, task, seed, settings={**SETTINGS, **settings}, **common)
    own = {**SETTINGS, "train.steps": steps, "policy.teacher": str(taught.best)}
    run = sp.run(student, task, seed, settings=own, **common)
    loads = (taught.best, ONE[name]), (run.best, {"nfe": 1}), (taught.best, {"nfe": FINE})
    before, after, exact = (cast(PointCloudPolicy, sp.load(path, settings=how)).eval() for path, how in loads)
    answers = list(one_steps((before, after, exact), task, seed))
    episodes = SETTINGS["task.episodes"]
    short = harness.successes(taught.best, task, "test", seed, episodes, ONE[name])
    return {
        "student": student, "teacher": name, "steps": steps, "seed": seed, "success": run.summary["success"]["k"],
        "teacher_success": taught.summary["success"]["k"], "teacher_success_one_step": sum(short),
        "episodes": episodes, "error_teacher": rms(answers, 0), "error_student": rms(answers, 1),
    }  # fmt: skip


@torch.no_grad()
def one_steps(policies: tuple[PointCloudPolicy, ...], task: str, seed: int) -> Iterator[list[Tensor]]:
    """Yield the chunks of all policies from the same noise, for every window of the validation demonstrations."""
    count = int(SETTINGS["task.validation"])
    demonstrations = collect(find_task(task), count=count, seed=seed, split="validation").demonstrations
    windows = windows_of(policies[0], demonstrations)
    generator = torch.Generator().manual_seed(seed)
    for chosen in np.array_split(np.arange(len(windows)), -(-len(windows) // 64)):
        observation = windows.take(chosen).observation
        conditions = [policy.condition(observation) for policy in policies]
        noise = torch.randn(len(chosen), policies[0].horizon, policies[0].unet.action, generator=generator)
        yield [policy.sample(condition, noise) for policy, condition in zip(policies, conditions, strict=True)]


def rms(answers: list[list[Tensor]], which: int) -> float:
    """Return the root mean square difference to the last policy's answers."""
    return round(torch.cat([(one[which] - one[-1]).flatten() for one in answers]).square().mean().sqrt().item(), 5)


def _place(row: tuple[int, str]) -> tuple[int, int]:
    return row[0], list(STUDENTS).index(row[1])


def rows(runs: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Yield a row per student and number of steps, over its seeds."""
    for steps, student in sorted({(run["steps"], run["student"]) for run in runs}, key=_place):
        own = [run for run in runs if (run["steps"], run["student"]) == (steps, student)]
        row: dict[str, Any] = {"student": student, "teacher": own[0]["teacher"], "steps": steps}
        row["seeds"] = [run["seed"] for run in own]
        for key in ("success", "teacher_success", "teacher_success_one_step"):
            outcomes = [float(i < run[key]) for run in own for i in range(run["episodes"])]
            row[key] = estimate(outcomes, "rate").to_json()
        row["error_ratio"] = [round(run["error_student"] / run["error_teacher"], 3) for run in own]
        yield row


if __name__ == "__main__":
    main()
