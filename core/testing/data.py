"""Checks of demonstrations and recipes."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from simplatform.demonstrations import Demonstrations, store
from simplatform.errors import ContractError
from simplatform.pipeline.environments import make_env, signature_of
from simplatform.plugin_host.host import get_host
from simplatform.recipes import from_json, resolve
from simplatform.runs.checkpoint import build_policy


def check_demonstrations(demonstrations: Demonstrations) -> None:
    """Check that a set is not empty, finite, of one kind throughout, and the same after it was stored.

    Raises:
        ContractError: the first rule that is broken, with the episode and the name of the array.
    """
    if not len(demonstrations):
        raise ContractError("expected at least one episode, got none")
    first = demonstrations[0]
    for number, episode in enumerate(demonstrations):
        if set(episode.observations) != set(first.observations):
            raise ContractError(
                f"episode {number} has observations {sorted(episode.observations)}, "
                f"but episode 0 has {sorted(first.observations)}"
            )
        for name, array in {**episode.observations, "action": episode.actions}.items():
            if not len(episode) or not np.isfinite(array).all():
                what = "is empty" if not len(episode) else f"has non-finite values in {name!r}"
                raise ContractError(f"episode {number} {what}; leave it out")
    task = demonstrations.source.get("task")
    if task is not None and task in get_host().registry("task"):
        _survives_the_store(demonstrations, str(task))


def check_recipe(name: str) -> None:
    """Check that a recipe resolves, that it survives JSON, and that its policy can be built.

    Raises:
        ContractError: the recipe changes when it is written and read.
        SimplatformError: what ``resolve`` finds: unknown names, keys or types.
    """
    recipe = resolve(name)
    if from_json(recipe.to_json()) != recipe:
        raise ContractError(f"recipe {name!r} changes when it is written to JSON and read again; use plain values")
    build_policy(recipe.policy, recipe.policy_config, signature_of(make_env(recipe.task, "train")))


def _survives_the_store(demonstrations: Demonstrations, task: str) -> None:
    env = make_env(get_host().registry("task").get(task).data, "train")
    with TemporaryDirectory() as folder:
        store.save(demonstrations, Path(folder) / "set", env)
        if store.load(Path(folder) / "set").content_hash() != demonstrations.content_hash():
            raise ContractError("the demonstrations are different after they were stored and read again")
