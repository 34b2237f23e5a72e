"""Episodes of a policy that is in memory: in lockstep, as a run's own evaluation plays them, where that can be.

It can where the policy declares ``Lockstep``, and there are more environments to be had: from whoever makes them, or as
copies of one whose kind is arrays, stepped in one call. Numbers are those of one episode after the other, to rounding.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache

import gymnasium

from simplatform.contracts import Lockstep, Policy, Solving, Task
from simplatform.pipeline.batches import MANY, MEASURED, Example, in_order, width_of
from simplatform.pipeline.environments import episodes_of
from simplatform.pipeline.lockstep import Env, Play, Stable, lockstep, steps_together
from simplatform.pipeline.rollout import Rollout, one_thread
from simplatform.pipeline.shards import play, scored

Source = Env | Callable[[int], Env]
"""One environment for all episodes, or ``make(variant)``, which makes a new one at each call."""


def played(policy: Policy, source: Source, task: Task, split: str, seed: int, episodes: int) -> Iterator[Rollout]:
    """Play the first so many episodes of a split, and yield them in their order."""
    numbers = list(range(episodes))
    variants = len(task.variants)
    of = (lambda variant: source) if isinstance(source, gymnasium.Env) else cache(source)
    start = time.perf_counter()
    env: Env = of(0)
    making, full = time.perf_counter() - start, steps_together(env)
    if not isinstance(policy, Lockstep) or isinstance(policy, Solving) or not _more(source, env) or episodes < 2:
        yield from (play(policy, of(number % variants), task, split, seed, number) for number in numbers)
        return
    width, full = min(MANY, episodes), full and policy.lockstep == "free"
    if not full:
        start = time.perf_counter()
        first = play(policy, env, task, split, seed, numbers.pop(0))
        example = Example(first, time.perf_counter() - start)
        yield first
        width = width_of(len(numbers), making, steps_together(env), True, example)
    plays = [Play.of(task, split, seed, number, episodes_of(env) is not None) for number in numbers]
    with one_thread():
        stable = Stable(_maker(source, env))
        stable.give(0, env)
        kind = policy.lockstep == "together"
        found = lockstep(lambda env: policy, stable, plays, width, None, kind, MEASURED if full else 0)
        yield from in_order(numbers, found, lambda result, one: scored(result, task, one))


def _more(source: Source, env: Env) -> bool:
    """Return whether more environments of the kind can be had."""
    if not isinstance(source, gymnasium.Env):
        return True
    if not steps_together(env):
        return False
    try:
        deepcopy(env)
    except Exception:  # whatever it holds that cannot be copied
        return False
    return True


def _maker(source: Source, env: Env) -> Callable[[int], Env]:
    return (lambda variant: deepcopy(env)) if isinstance(source, gymnasium.Env) else source
