"""Shards in batches: the first few episodes alone, which also tells how many at once are worth their environments."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

from simplatform.contracts import Lockstep, Policy
from simplatform.pipeline.environments import episodes_of, make_env, make_expert
from simplatform.pipeline.lockstep import Env, Play, Stable, lockstep
from simplatform.pipeline.rollout import Rollout, one_thread
from simplatform.pipeline.shards import EpisodeShard, acting, decided, policy_of, run_episode, scored, task_of

WIDEST = 64
"""Most episodes at once: what memory holds."""
CALLS = 3
"""Calls of ``act`` from which the latency of a policy alone is measured, within its first few episodes."""
ALONE = 3


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
    """Return how many episodes to play at once.

    An environment more is made where that takes less than half of what it saves; answering in batches saves at most
    what the policy took.
    """
    policy = policy_of(shard)
    if policy is not None and not isinstance(policy, Lockstep):
        return 1
    start = time.perf_counter()
    make_env(task_of(shard), shard.split, shard.episode).close()
    making = time.perf_counter() - start
    saved = count * (seconds if policy is None else example.thinking + _shared(shard, seconds))
    return int(min(WIDEST, count, max(1, 0.5 * saved / max(making, 1e-6))))


def _shared(shard: EpisodeShard, seconds: float) -> float:
    return 0.0


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
