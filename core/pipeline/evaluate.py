"""Evaluate: the policy acts in unseen episodes, and each of them leaves its numbers."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import gymnasium
import numpy as np

from simplatform.contracts import Lockstep, Policy, Task
from simplatform.executors import available_cores
from simplatform.pipeline.at_hand import played
from simplatform.pipeline.batches import Example, run_shards
from simplatform.pipeline.border import require_policy
from simplatform.pipeline.environments import available
from simplatform.pipeline.rollout import Rollout
from simplatform.pipeline.shards import EpisodeShard, policy_of, run_episode
from simplatform.pipeline.tally import Evaluation, Tally
from simplatform.runs.recordings import Recording

WORTH_WORKERS = 20.0
"""Seconds of remaining work from which starting worker processes pays."""
SAVED = 0.75
"""Share of the policy's time that answering in batches is taken to save, at least."""


def evaluate_shards(
    task: Task,
    shards: Sequence[EpisodeShard],
    *,
    workers: int = 0,
    kind: str = "",
    on_episode: Callable[[int], None] = lambda n: None,
    notes: Sequence[str] = (),
) -> Evaluation:
    """Run episodes, in this process or spread over ``workers`` (0 decides by the time of the first episode).

    The result does not depend on the number of workers.

    Raises:
        UsageError: a metric that no step of any episode reported.
    """
    split = shards[0].split if shards else "test"
    return _evaluated(task, split, _run(shards, workers, kind), on_episode, notes)


def limited(task: Task, split: str, asked: int, explicit: bool = True) -> tuple[int, list[str]]:
    """Return how many of ``asked`` episodes a split has, and what to say where it has fewer.

    Without ``explicit``, nobody asked for the number, so that nothing is to be said.
    """
    return within(f"{task.name}: {split}", available(task, split), asked, explicit)


def evaluate_policy(
    policy: Policy,
    env: gymnasium.Env[Any, Any] | Callable[[int], gymnasium.Env[Any, Any]],
    task: Task,
    *,
    episodes: int,
    seed: int,
    split: str = "test",
    notes: Sequence[str] = (),
) -> Evaluation:
    """Run a policy that is in memory in an environment that is in memory, or in those that ``env(variant)`` makes.

    Without metrics in the task, they are what the infos held: see ``measuring.found_metrics``.
    """
    require_policy(policy)
    return _evaluated(task, split, played(policy, env, task, split, seed, episodes), lambda n: None, notes)


def _evaluated(
    task: Task, split: str, results: Iterable[Rollout], on_episode: Callable[[int], None], notes: Sequence[str]
) -> Evaluation:
    tally = Tally(task, split)
    for number, result in enumerate(results, start=1):
        tally.add(result)
        on_episode(number)
    return tally.evaluation(notes)


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
    example = None
    if workers == 0 and not kind and shards:
        start = time.perf_counter()
        first = run_episode(shards[0])
        yield first
        example = Example(first, time.perf_counter() - start)
        workers = _workers(shards[0], len(shards) - 1, example)
        shards = shards[1:]
    yield from run_shards(shards, workers, kind, example)


def _workers(shard: EpisodeShard, count: int, example: Example) -> int:
    """Return how many workers the rest of an evaluation is worth."""
    lockstep, seconds = isinstance(policy_of(shard), Lockstep), example.seconds
    if lockstep:
        seconds -= SAVED * example.result.thinking
    alone = not lockstep and shard.device != "cpu"  # one process owns an accelerator
    return 1 if alone or seconds * count <= WORTH_WORKERS else min(available_cores(), count)


def within(where: str, there: int | None, asked: int, explicit: bool) -> tuple[int, list[str]]:
    """Return how many of ``asked`` episodes there are, and what to say where there are fewer."""
    if there is None or asked <= there:
        return asked, []
    note = f"{where} has {there} distinct episode{'s' * (there != 1)}, {asked} were asked for: each is used once"
    return there, [note] if explicit else []
