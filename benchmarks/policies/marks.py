"""Upper marks: what a perfect answer would win through the same bottlenecks, without training anything.

    OMP_NUM_THREADS=1 python benchmarks/policies/marks.py [--tasks lever-pull push …] [--episodes 20] [--seed 0]

On development tasks, on the test episodes of ``--seed``, with the ten demonstrations of the recipe:

- ``expert``: the scripted controller, asked at every step;
- ``normalised``: its answers through the policies' own normaliser, fitted to the demonstrations, and clipped to what
  they span: what a policy loses that never leaves the range of its data;
- ``held k``: normalised, and asked at every k-th step only, the answer held: what control costs that reacts k times
  slower without predicting (a chunk of k is better than that by what it foresees);
- ``late k``: normalised, answering what was seen k steps ago: the newest observation of a chunk's last action;
- ``nearest state``: no expert, but the demonstrated action of the most similar full state (39 numbers with the goal,
  standardised): what ten demonstrations tell who sees everything and smooths nothing.

States alone decide all of these, so that no cloud is made. Writes ``marks.json`` beside itself.
"""

from __future__ import annotations

import argparse
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import harness
import torch
from torch import Generator, Tensor

from simplatform.contracts import Policy, Task
from simplatform.demonstrations import Demonstrations
from simplatform.pipeline.collect import collect
from simplatform.pipeline.environments import make_env, make_expert
from simplatform.pipeline.shards import play
from simplatform.policies.nn.normalisation import MinMaxNormaliser
from simplatform.recipes import find_task
from simplatform.report.statistics import paired_rates, wilson

TASKS = ("lever-pull", "push", "reach", "handle-pull", "coffee-push", "sweep")
DEMONSTRATIONS = 10


class Through:
    """An expert whose answers go through a normaliser, are held for ``hold`` steps, and come ``late`` steps late."""

    observe = execute = 1

    def __init__(self, expert: Policy, normaliser: MinMaxNormaliser | None, hold: int = 1, late: int = 0) -> None:
        self._expert, self._normaliser, self._hold = expert, normaliser, hold
        self._seen: deque[Mapping[str, Tensor]] = deque(maxlen=late + 1)
        self._time, self._answer = 0, torch.empty(0)

    def reset(self, observation: Mapping[str, Tensor]) -> None:
        """Forget the episode before."""
        self._expert.reset(observation)
        self._seen.clear()
        self._time = 0

    def act(self, observation: Mapping[str, Tensor], *, generator: Generator) -> Tensor:
        """Return the expert's answer, as far as it comes through."""
        self._seen.append(observation)
        if self._time % self._hold == 0:
            self._answer = self._passed(self._expert.act(self._seen[0], generator=generator))
        self._time += 1
        return self._answer

    def _passed(self, action: Tensor) -> Tensor:
        if self._normaliser is None:
            return action
        return self._normaliser.inverse(self._normaliser(action).clamp(-1, 1))


class NearestState:
    """The demonstrated action of the most similar full state."""

    observe = execute = 1

    def __init__(self, demonstrations: Demonstrations) -> None:
        states = torch.as_tensor(demonstrations.stacked("state")).float()
        spread = states.std(0)
        self._scale = torch.where(spread > 0, spread, torch.inf)
        self._states, self._actions = states / self._scale, torch.as_tensor(demonstrations.stacked_actions()).float()

    def reset(self, observation: Mapping[str, Tensor]) -> None:
        """Nothing to prepare."""

    def act(self, observation: Mapping[str, Tensor], *, generator: Generator) -> Tensor:
        """Return one action."""
        near = torch.cdist(observation["state"][:, -1].float() / self._scale, self._states).argmin(1)
        return self._actions[near][:, None]


def main() -> None:
    """Measure all tasks and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", default=list(TASKS))
    parser.add_argument("--episodes", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = [row for task in options.tasks for row in measure(task, options.seed, options.episodes)]
    settings = {"demonstrations": DEMONSTRATIONS, "episodes": options.episodes, "seed": options.seed}
    harness.write(Path(__file__).with_suffix(".json"), {"settings": settings, "rows": rows, "pooled": pooled(rows)})


def measure(name: str, seed: int, episodes: int) -> list[dict[str, Any]]:
    """Return the outcomes of every mark on one task."""
    found = find_task(f"metaworld/{name}")
    task = replace(found, kwargs={**found.kwargs, "points": 0})
    data = collect(task, count=DEMONSTRATIONS, seed=seed).demonstrations
    env = make_env(task, "test")
    rows = []
    for mark, policy in marks(task, env, data).items():
        won = [_won(policy, env, task, seed, number) for number in range(episodes)]
        print(name, mark, wilson(sum(won), len(won)), flush=True)
        rows.append({"task": name, "mark": mark, "success": won})
    return rows


def marks(task: Task, env: Any, data: Demonstrations) -> dict[str, Policy]:
    """Return every mark by its name."""
    normaliser = MinMaxNormaliser(4)
    normaliser.fit(episode.actions for episode in data)
    return {
        "expert": Through(make_expert(task, env), None),
        "normalised": Through(make_expert(task, env), normaliser),
        **{f"held {k}": Through(make_expert(task, env), normaliser, hold=k) for k in (2, 3, 8)},
        **{f"late {k}": Through(make_expert(task, env), normaliser, late=k) for k in (1, 2)},
        "nearest state": NearestState(data),
    }


def pooled(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return every mark over all tasks, with the p-value of a paired test against the expert."""
    names = list(dict.fromkeys(row["mark"] for row in rows))
    won = {name: [one for row in rows if row["mark"] == name for one in row["success"]] for name in names}
    return [
        {"mark": name, **wilson(sum(own), len(own)).to_json(), "p_against_expert": paired_rates(won["expert"], own)}
        for name, own in won.items()
    ]


def _won(policy: Policy, env: Any, task: Task, seed: int, number: int) -> bool:
    return play(policy, env, task, "test", seed, number, stop_early=True).episode.metrics["success"] >= 0.5


if __name__ == "__main__":
    main()
