"""Examples of what a policy sees, of several sizes: sizes in which they differ stay free in the file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from simplatform.contracts import Lockstep, Policy, Signature
from simplatform.deployment.examples import example
from simplatform.pipeline.rollout import History

BATCHES = (2, 1, 3)
"""The first is what the graph is traced with, and no size of it may be one: tracers take that for a constant."""
MORE = (0, 7, -5)
"""Points more than the environment gives."""


def examples(policy: Policy, signature: Signature) -> Iterator[Sequence[Mapping[str, Tensor]]]:
    """Yield sets of observations within the training ranges; none, where the signature does not tell these.

    The first set has batches and clouds of several sizes, if the policy answers batches; the next ones leave less free.
    """
    if example(signature) is None:
        return
    free = isinstance(policy, Lockstep) and policy.lockstep == "free"
    clouds = signature.facts.clouds
    if free and clouds:
        yield [
            _batch(policy, _sized(signature, more), size, 10 * n)
            for n, (size, more) in enumerate(zip(BATCHES, MORE, strict=True))
        ]
    if free:
        yield [_batch(policy, signature, size, 10 * n) for n, size in enumerate(BATCHES)]
    yield [_batch(policy, signature, 1, seed) for seed in range(len(BATCHES))]


def _sized(signature: Signature, more: int) -> Signature:
    clouds = signature.facts.clouds
    shapes = {
        key: (max(2, shape[0] + more), *shape[1:]) if key in clouds else shape
        for key, shape in signature.observation.items()
    }
    return replace(signature, observation=shapes)


def _batch(policy: Policy, signature: Signature, size: int, seed: int) -> dict[str, Tensor]:
    """Return ``(size, observe, ...)`` per name; all frames differ."""
    count = size * policy.observe
    frames = [found for number in range(count) if (found := example(signature, 100 * seed + number)) is not None]
    stacked = {key: np.stack([frame[key] for frame in frames]) for key in frames[0]}
    return {key: torch.as_tensor(v.reshape(size, policy.observe, *v.shape[1:])) for key, v in stacked.items()}


def first(policy: Policy, observation: Mapping[str, Any]) -> dict[str, Tensor]:
    """Return the history that the first observation of an episode makes, ``(1, observe, ...)``."""
    history = History(policy.observe, "cpu")
    history.push(observation)
    return dict(history.batch())
