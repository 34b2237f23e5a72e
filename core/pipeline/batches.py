"""Shards in batches: the first few episodes alone, which also tells how many at once are worth their environments."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from simplatform.contracts import Lockstep, Policy, Together
from simplatform.executors import available_cores, executor
from simplatform.pipeline.environments import episodes_of, make_env, make_expert
from simplatform.pipeline.lockstep import Env, Play, Stable, lockstep
from simplatform.pipeline.rollout import Rollout, one_thread
from simplatform.pipeline.shards import EpisodeShard, acting, decided, policy_of, run_episode, scored, task_of

WIDEST = 64
"""Most episodes at once: what memory holds."""
CALLS = 3
"""Calls of ``act`` from which the latency of a policy alone is measured, within its first few episodes."""
ALONE = 3
GROUPS = 2
"""Groups of shards for each worker: what a lost one costs, and how evenly they end."""


def run_shards(shards: Sequence[EpisodeShard], workers: int = 1, kind: str = "") -> Iterator[Rollout]:
    """Run shards of one task, split and policy, here or by an executor (see ``simplatform.executors``), in order."""
    if kind == "local" or (not kind and workers <= 1):
        yield from run_all(shards)
        return
    policy = policy_of(shards[0]) if shards else None
    size = -(-len(shards) // (GROUPS * (workers or available_cores()))) if isinstance(policy, Lockstep) else 1
    groups = [shards[first : first + size] for first in range(0, len(shards), max(size, 1))]
    for group in executor(workers, kind).map(run_batch, groups):
        yield from group


def run_batch(shards: Sequence[EpisodeShard]) -> list[Rollout]:
    """Run shards of one task, split and policy, and return their episodes in order: what a worker does."""
    return list(run_all(shards))


def run_all(shards: Sequence[EpisodeShard]) -> Iterator[Rollout]:
    """Run shards of one task, split and policy in this process, and yield their episodes in order.

    Those that are recorded, and the first few, are played alone; the others in lockstep, where the policy declares it.
    """
    alone = 0
    rest = list(shards)
    calls, began = 0, time.perf_counter()
    result = None
    while rest and (rest[0].record or alone == 0 or (calls < CALLS and alone < min(ALONE, len(shards) // 8))):
        result = run_episode(rest.pop(0))
        alone, calls = alone + 1, calls + len(result.latencies)
        yield result
    if not rest or result is None:
        return
    width = width_of(rest[0], len(rest), result, (time.perf_counter() - began) / alone)
    if width < 2:
        yield from map(run_episode, rest)
    else:
        yield from _in_lockstep(rest, width)


def width_of(shard: EpisodeShard, count: int, example: Rollout, seconds: float) -> int:
    """Return how many episodes to play at once; ``seconds`` is what one alone takes.

    An environment more is made where that takes less than half of what it saves. That is at most what the policy took,
    and all of it where environments of its kind are stepped together.
    """
    policy, task = policy_of(shard), task_of(shard)
    if policy is not None and not isinstance(policy, Lockstep):
        return 1
    start = time.perf_counter()
    env = make_env(task, shard.split, shard.episode)
    making = time.perf_counter() - start
    shared = isinstance(env.unwrapped, Together)
    env.close()
    saved = count * (seconds if shared else example.thinking if policy is not None else 0.0)
    return int(min(WIDEST, count, max(1, 0.5 * saved / max(making, 1e-6))))


def _in_lockstep(shards: Sequence[EpisodeShard], width: int) -> Iterator[Rollout]:
    first, task = shards[0], task_of(shards[0])
    policy = policy_of(first)
    stable = Stable(lambda variant: make_env(task, first.split, variant))
    env = stable.take(first.episode % len(task.variants))
    numbered = episodes_of(env) is not None
    stable.give(first.episode % len(task.variants), env)
    plays = [Play.of(task, first.split, first.seed, shard.episode, numbered) for shard in shards]
    experts: dict[int, Policy] = {}

    def of(env: Env) -> Policy:
        return policy if policy is not None else experts.setdefault(id(env), make_expert(task, env))

    together = isinstance(policy, Lockstep) and policy.lockstep == "together"
    stop = decided(task) if first.stop_early else None
    with acting(first, env), one_thread():
        found = lockstep(of, stable, plays, width, stop, together)
        yield from in_order([shard.episode for shard in shards], found, lambda r, one: scored(r, task, one))


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
