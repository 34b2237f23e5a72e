"""Success of the scripted experts: ``python benchmarks/manipulation/experts.py``.

Meta-World's 50 tasks (200 steps) and Adroit's relocate (250), random goals and objects, seeds 0 … n − 1; a success is
one at any step, as in evaluation. Writes ``experts.json`` beside this file: k of n with the 95 % Wilson interval, and
the median step of first success.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch

from simplatform.contracts import Policy
from simplatform.envs.manipulation.adroit import AdroitEnv
from simplatform.envs.manipulation.adroit_expert import adroit_expert
from simplatform.envs.manipulation.base import PointCloudEnv
from simplatform.envs.manipulation.experts import metaworld_expert
from simplatform.envs.manipulation.metaworld import MetaWorldEnv
from simplatform.envs.manipulation.tasks import GROUPS
from simplatform.experiments.record import write_result
from simplatform.report.statistics import wilson


def first_success(env: PointCloudEnv, expert: Policy, seed: int) -> int | None:
    """Return the step of the expert's first success, None without one."""
    observation, _ = env.reset(seed=seed)
    expert.reset({})
    for step in range(1, env.max_steps + 1):
        state = torch.as_tensor(observation["state"])[None, None]
        action = expert.act({"state": state}, generator=torch.Generator())
        observation, _, terminated, _, info = env.step(action[0, 0].numpy())
        if terminated:
            return step if info["success"] > 0 else None
    return None


def score(env: PointCloudEnv, expert: Policy, episodes: int) -> dict[str, object]:
    """Return k, n, interval and the median first step of success for one task."""
    steps = [first_success(env, expert, seed) for seed in range(episodes)]
    done = [step for step in steps if step is not None]
    rate = wilson(len(done), episodes).to_json()
    return {"k": len(done), **rate, "median_steps": float(np.median(done)) if done else None}


def main() -> None:
    """Score all tasks and write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--episodes", type=int, default=20)
    episodes = parser.parse_args().episodes
    tasks = {}
    for group, names in GROUPS.items():
        for task in names:
            env = MetaWorldEnv(task, points=0, terminate_on_success=True)
            tasks[task] = {"group": group, **score(env, metaworld_expert(env), episodes)}
            print(task, tasks[task], flush=True)
    hand = AdroitEnv("relocate", points=0, terminate_on_success=True)
    tasks["adroit/relocate"] = {"group": "adroit", **score(hand, adroit_expert(hand), 5 * episodes)}
    print("adroit/relocate", tasks["adroit/relocate"], flush=True)
    result = {
        "max_steps": {"metaworld": 200, "adroit": 250},
        "tasks": tasks,
    }
    write_result(Path(__file__).with_suffix(".json"), {"seeds": list(range(episodes)), **result})


if __name__ == "__main__":
    main()
