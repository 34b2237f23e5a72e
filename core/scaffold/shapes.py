"""What a new policy has to know of its task: which observations there are, and which shapes stay the same."""

from __future__ import annotations

from typing import Any

from simplatform.contracts import Signature, Task
from simplatform.pipeline.environments import make_env, signature_of

LOOKED_AT = 12
"""Variants of a task that are built, at most, spread over all of them."""


def policy_shapes(task: Task) -> dict[str, Any]:
    """Return ``variant`` ("chunk" where actions keep their shape, "rows" where they do not), and ``keys``.

    ``keys`` are the observations that the template's network reads: of a chunk those that keep their shape, vectors
    alone where there are some beside pictures or clouds; of rows those that hold something for each row of an action.
    """
    seen = _signatures(task)
    first = seen[0].observation
    if len({one.action for one in seen}) == 1:
        fixed = [key for key in first if len({tuple(one.observation[key]) for one in seen}) == 1]
        vectors = [key for key in fixed if len(first[key]) == 1]
        robot = len(seen[0].action) == 1 and vectors
        return {"variant": "chunk", "keys": sorted(vectors if robot else fixed)}
    matching = [key for key in first if all(one.observation[key][:1] == one.action[:1] for one in seen)]
    return {"variant": "rows", "keys": sorted(matching)}


def _signatures(task: Task) -> list[Signature]:
    count = len(task.variants)
    chosen = sorted({round(k * (count - 1) / max(1, LOOKED_AT - 1)) for k in range(min(count, LOOKED_AT))})
    return [_signature(task, split, episode) for episode in chosen for split in ("train", "test")]


def _signature(task: Task, split: str, episode: int) -> Signature:
    env = make_env(task, split, episode)
    try:
        return signature_of(env)
    finally:
        env.close()
