"""What a run starts from: the shapes of its environment, and the untrained policy."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from gymnasium.spaces import Box
from numpy.typing import NDArray

from simplatform.contracts import Policy, Signature
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ContractError
from simplatform.pipeline.border import require_policy
from simplatform.pipeline.environments import make_env, signature_of
from simplatform.recipes import Resolved, own_task
from simplatform.runs.checkpoint import build_policy
from simplatform.seeding import derive

COMPONENTS = 1024
"""Most components whose ranges a checkpoint keeps."""


def untrained(recipe: Resolved) -> Policy:
    """Build the policy that a run starts from.

    Raises:
        ContractError: the task is none for this policy; a task that is one is named.
    """
    seed = derive(recipe.seed, "initial weights")
    try:
        policy = build_policy(recipe.policy, recipe.policy_config, run_signature(recipe), seed)
        require_policy(policy)
        return policy
    except ContractError as error:
        own = own_task(recipe.plugin)
        if own is None or own.name == recipe.task.name:
            raise
        raise ContractError(
            f"{error}. {recipe.plugin}'s own task is {own.name}; `simplatform tasks` lists those of its kind, under "
            f"{own.plugin}"
        ) from error


def run_signature(recipe: Resolved) -> Signature:
    """Return the signature of a recipe's environment."""
    return signature_of(make_env(recipe.task, "train"))


def taught_signature(recipe: Resolved, demonstrations: Demonstrations) -> Signature:
    """Return the signature that a checkpoint keeps: with the ranges of the training data, the bounds of the action
    space, and the seed, for those who carry the policy out (``simplatform.deployment``)."""
    env = make_env(recipe.task, "train")
    found, space = signature_of(env), env.action_space
    more: dict[str, Any] = {"seed": recipe.seed, "ranges": ranges_of(demonstrations)}
    if isinstance(space, Box) and np.isfinite(space.low).all() and np.isfinite(space.high).all() and space.low.size:
        more["limits"] = {"low": _plain(space.low.ravel()), "high": _plain(space.high.ravel())}
    return replace(found, metadata={**found.metadata, **more})


def ranges_of(demonstrations: Demonstrations) -> dict[str, Any]:
    """Return the smallest and largest value per component of the last axis, of observations and of "action".

    What has another number of components from episode to episode, or more than ``COMPONENTS``, has none.
    """
    if not len(demonstrations):
        return {}
    limits: dict[str, list[tuple[NDArray[Any], NDArray[Any]]]] = {}
    for episode in demonstrations:
        for key, values in {**episode.observations, "action": episode.actions}.items():
            if values.size and values.ndim > 1 and values.shape[-1] <= COMPONENTS and values.dtype.kind in "fiub":
                flat = values.reshape(-1, values.shape[-1])
                limits.setdefault(key, []).append((flat.min(0), flat.max(0)))
    found = {}
    for key, parts in limits.items():
        if len({part[0].shape for part in parts}) == 1 and len(parts) == sum(len(one) > 0 for one in demonstrations):
            low, high = np.min([low for low, _ in parts], 0), np.max([high for _, high in parts], 0)
            if np.isfinite(low).all() and np.isfinite(high).all():
                found[key] = {"low": _plain(low), "high": _plain(high)}
    return found


def _plain(values: NDArray[Any]) -> list[float]:
    return [float(value) for value in values]
