"""Shards in batches: the first few episodes alone, which also tells how many at once are worth their environments."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

from simplatform.contracts import Lockstep, Policy
from simplatform.executors import available_cores, executor
from simplatform.pipeline.environments import episodes_of, make_env, make_expert, show
from simplatform.pipeline.lockstep import Env, Play, Stable, lockstep, steps_together
from simplatform.pipeline.remote import Remotes
from simplatform.pipeline.rollout import Rollout, one_thread
from simplatform.pipeline.shards import (
    EpisodeShard,
    acting,
    decided,
    env_of,
    making_of,
    policy_of,
    run_episode,
    scored,
    task_of,
)

WIDEST = 64
"""Most episodes at once: what memory holds."""
MANY = 256
"""Most episodes at once where environments step together: they are arrays, and no simulators."""
CALLS = 3
"""Calls of ``act`` from which the latency of a policy alone is measured, within its first few episodes."""
ALONE, PART = 3, 64
"""Episodes that are played alone for it, at most, and of how many each may be one."""
MEASURED = 12
"""Calls that a batch which begins full asks of one row alone, for the same."""
PER_WORKER = 4
"""Environments in each worker process, at least."""
GROUPS = 2
"""Groups of shards for each worker: what a lost one costs, and how evenly they end."""


@dataclass(frozen=True)
class Example:
    """An episode that was played alone, and the seconds that it took."""

    result: Rollout
    seconds: float


def run_shards(
    shards: Sequence[EpisodeShard], workers: int = 1, kind: str = "", example: Example | None = None
) -> Iterator[Rollout]:
    """Run shards of one task, split and policy, here or by an executor (see ``simplatform.executors``), in order.

    On an accelerator several workers hold environments only: this process keeps the policy and the device.
    """
    if kind == "local" or (not kind and workers <= 1) or not shards:
        yield from run_all(shards, example)
        return
    lockstep = isinstance(policy_of(shards[0]), Lockstep)
    if lockstep and kind in ("", "process") and shards[0].device != "cpu":
        yield from run_all(shards, example, workers)
        return
    size = -(-len(shards) // (GROUPS * (workers or available_cores()))) if lockstep else 1
    groups = [shards[first : first + size] for first in range(0, len(shards), size)]
    for group in executor(workers, kind, shards[0].device).map(run_batch, groups):
        yield from group


def run_batch(shards: Sequence[EpisodeShard]) -> list[Rollout]:
    """Run shards of one task, split and policy, and return their episodes in order: what a worker does."""
    return list(run_all(shards))


def run_all(shards: Sequence[EpisodeShard], example: Example | None = None, workers: int = 0) -> Iterator[Rollout]:
    """Run shards of one task, split and policy in this process, and yield their episodes in order.

    Those that are recorded are played alone, and so are the first few (``example`` is the last that was), unless a
    batch of them can be full from its first step on; the others in lockstep, where the policy declares it, their
    environments in ``workers`` processes, or here.
    """
    rest = list(shards)
    most = max(1, min(ALONE, len(rest) // PART))
    calls, alone = (len(example.result.latencies), 1) if example is not None else (0, 0)
    while rest and (rest[0].record or (_alone_first(rest) if alone == 0 else calls < CALLS and alone < most)):
        start = time.perf_counter()
        result = run_episode(rest.pop(0))
        example = Example(result, time.perf_counter() - start)
        calls, alone = calls + len(result.latencies), alone + 1
        yield result
    policy = policy_of(rest[0]) if rest else None
    if policy is not None and not isinstance(policy, Lockstep):
        yield from map(run_episode, rest)
    elif rest:
        yield from _in_lockstep(rest, policy, example, workers)


def starts_full(shard: EpisodeShard) -> bool:
    """Return whether a batch can begin full: nothing has to be timed to know that it pays.

    So it is where a policy that remembers nothing answers environments that are arrays, stepped in one call; its
    latency is measured on one of the rows.
    """
    policy = policy_of(shard)
    if not isinstance(policy, Lockstep) or policy.lockstep != "free":
        return False
    return steps_together(env_of(shard))


def _alone_first(shards: Sequence[EpisodeShard]) -> bool:
    return len(shards) == 1 or not starts_full(shards[0])


def width_of(count: int, making: float, together: bool, acts: bool, example: Example) -> int:
    """Return how many episodes to play at once, where one environment more takes ``making`` s.

    It is made where that takes less than half of what it saves. That is at most what the policy took, if it ``acts``
    for all, and the whole episode where environments of its kind are stepped ``together``.
    """
    saved = count * (example.seconds if together else example.result.thinking if acts else 0.0)
    return int(min(MANY if together else WIDEST, count, max(1, 0.5 * saved / max(making, 1e-6))))


def _in_lockstep(
    shards: Sequence[EpisodeShard], policy: Policy | None, example: Example | None, workers: int
) -> Iterator[Rollout]:
    first, task = shards[0], task_of(shards[0])
    env, making = env_of(first), making_of(first)
    numbered = episodes_of(env) is not None
    together = steps_together(env)
    width = (
        min(MANY, len(shards))
        if example is None
        else width_of(len(shards), making, together, policy is not None, example)
    )
    plays = [Play.of(task, first.split, first.seed, shard.episode, numbered) for shard in shards]
    experts: dict[int, Policy] = {}

    def of(env: Env) -> Policy:
        return policy if policy is not None else experts.setdefault(id(env), make_expert(task, env))

    kind, stop = isinstance(policy, Lockstep) and policy.lockstep == "together", decided(task)
    with acting(first, env), one_thread(), _stable(shards, policy, workers) as stable:
        found = lockstep(
            of,
            stable,
            plays,
            max(width, min(len(shards), PER_WORKER * workers)),
            stop if first.stop_early else None,
            kind,
            MEASURED if example is None else 0,
        )
        yield from in_order([shard.episode for shard in shards], found, lambda r, one: scored(r, task, one))


@contextmanager
def _stable(shards: Sequence[EpisodeShard], policy: Policy | None, workers: int) -> Iterator[Stable]:
    """Give environments of a task, in worker processes or here, where those that are kept are used first."""
    task, split = task_of(shards[0]), shards[0].split
    if not workers:
        kept = {shard.episode % len(task.variants): shard for shard in reversed(shards)}

        def make(variant: int) -> Env:
            shard = kept.pop(variant, None)
            env = make_env(task, split, variant) if shard is None else env_of(shard)
            show(env, policy, everything=not shards[0].stop_early)
            return env

        yield Stable(make)
        return
    remotes = Remotes(partial(make_env, task, split), workers)
    try:
        yield Stable(remotes.make)
    finally:
        remotes.close()


def in_order(
    numbers: Sequence[int], found: Iterator[tuple[Play, Rollout]], of: Callable[[Rollout, Play], Rollout]
) -> Iterator[Rollout]:
    """Yield episodes in the order of their numbers; those that end before their turn wait."""
    waiting: dict[int, Rollout] = {}
    turn = iter(numbers)
    following = next(turn, None)
    for one, result in found:
        waiting[one.number] = of(result, one)
        while following in waiting:
            yield waiting.pop(following)
            following = next(turn, None)
