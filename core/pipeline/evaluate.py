"""Evaluate: the policy acts in unseen episodes, and each of them leaves its numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import gymnasium
import numpy as np

from simplatform.contracts import Policy, Task
from simplatform.executors import available_cores, executor
from simplatform.pipeline.rollout import Rollout
from simplatform.pipeline.shards import EpisodeShard, play, run_episode
from simplatform.report.statistics import Estimate, estimate
from simplatform.runs.recordings import Recording

WORTH_WORKERS = 20.0
"""Seconds of remaining work from which starting worker processes pays."""


@dataclass
class Evaluation:
    """Episodes of one split: rows (one per episode), estimates per metric, latency, and the recorded rollouts."""

    split: str
    rows: list[dict[str, Any]]
    estimates: dict[str, Estimate]
    latency: dict[str, float]
    recordings: list[Rollout] = field(default_factory=list)

    def __getitem__(self, metric: str) -> Estimate:
        return self.estimates[metric]

    def to_json(self) -> dict[str, Any]:
        """Return plain data for summary.json."""
        metrics = {name: value.to_json() for name, value in self.estimates.items()}
        failures = sum(bool(row["failure"]) for row in self.rows)
        return {"metrics": metrics, "latency": self.latency, "episodes": len(self.rows), "failures": failures}


def evaluate_shards(
    task: Task,
    shards: Sequence[EpisodeShard],
    *,
    workers: int = 0,
    kind: str = "",
    on_episode: Callable[[int], None] = lambda n: None,
) -> Evaluation:
    """Run episodes, in this process or spread over ``workers`` (0 decides by the time of the first episode).

    The result does not depend on the number of workers.
    """
    rollouts: list[Rollout] = []
    for result in _run(shards, workers, kind):
        rollouts.append(result)
        on_episode(len(rollouts))
    return summarise(task, shards[0].split if shards else "test", rollouts)


def evaluate_policy(
    policy: Policy, env: gymnasium.Env[Any, Any], task: Task, *, episodes: int, seed: int, split: str = "test"
) -> Evaluation:
    """Run a policy that is in memory in an environment that is in memory."""
    rollouts = [play(policy, env, task, split, seed, number) for number in range(episodes)]
    return summarise(task, split, rollouts)


def summarise(task: Task, split: str, rollouts: Sequence[Rollout]) -> Evaluation:
    """Turn rollouts into rows and estimates."""
    rows = [_row(number, result) for number, result in enumerate(rollouts)]
    estimates = {m.name: estimate([row[m.name] for row in rows], m.kind) for m in task.metrics}
    recordings = [result for result in rollouts if result.frames or result.chunks]
    return Evaluation(split, rows, estimates, _latency(rollouts), recordings)


def recorded(evaluation: Evaluation) -> Iterator[Recording]:
    """Yield the episodes of an evaluation that were kept in full."""
    for result in evaluation.recordings:
        episode = result.episode
        frames = np.stack(result.frames) if result.frames else np.zeros((0, 1, 1, 3), np.uint8)
        yield Recording(
            evaluation.split, dict(episode.observations), episode.actions, dict(episode.infos),
            result.chunks, result.chunk_steps, frames,
        )  # fmt: skip


def all_rows(evaluations: Sequence[Evaluation]) -> list[dict[str, Any]]:
    """Return the rows of all splits, each with its split's name."""
    return [{"split": evaluation.split, **row} for evaluation in evaluations for row in evaluation.rows]


def _run(shards: Sequence[EpisodeShard], workers: int, kind: str) -> Iterator[Rollout]:
    if workers == 0 and not kind and shards:
        start = time.perf_counter()
        yield run_episode(shards[0])
        remaining = (time.perf_counter() - start) * (len(shards) - 1)
        workers = min(available_cores(), len(shards)) if remaining > WORTH_WORKERS else 1
        shards = shards[1:]
    yield from executor(workers, kind).map(run_episode, shards)


def _row(number: int, result: Rollout) -> dict[str, Any]:
    episode = result.episode
    latency = float(np.median(result.latencies)) if result.latencies else float("nan")
    return {
        "episode": number,
        "seed": episode.seed,
        "variant": episode.variant,
        "steps": len(episode),
        "failure": result.failure,
        "latency_median": latency,
        **dict(episode.metrics),
    }


def _latency(rollouts: Sequence[Rollout]) -> dict[str, float]:
    """Return seconds per call of ``act`` over all episodes, each episode's first call (which warms up) left out."""
    calls = [x for result in rollouts for x in (result.latencies[1:] or result.latencies)]
    if not calls:
        return {"calls": 0}
    median, p95 = np.quantile(calls, [0.5, 0.95])
    return {"median": float(median), "p95": float(p95), "calls": len(calls)}
