"""Checks of environments, experts and tasks."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np

from simplatform.contracts import Task
from simplatform.errors import ContractError
from simplatform.pipeline.environments import make_env, make_expert, signature_of
from simplatform.pipeline.shards import play


def check_env(env: gymnasium.Env[Any, Any], steps: int = 5) -> None:
    """Check Gymnasium's own rules, named observations, and that equal seeds give equal episodes.

    Infos whose names end in "_seconds" are the clock's and may differ.

    Raises:
        ContractError: the first rule that is broken.
    """
    from gymnasium.utils.env_checker import check_env as gymnasium_check

    signature_of(env)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            gymnasium_check(_Timeless(env.unwrapped), skip_render_check=True)
    except Exception as error:
        raise ContractError(f"gymnasium's check_env says: {error}") from error
    first, second = _trace(env, steps), _trace(env, steps)
    for index, (a, b) in enumerate(zip(first, second, strict=True)):
        _same(a, b, index)


class _Timeless(gymnasium.Wrapper[Any, Any, Any, Any], gymnasium.utils.RecordConstructorArgs):
    """The environment without what its clock says, which no seed repeats."""

    def __init__(self, env: gymnasium.Env[Any, Any]) -> None:
        gymnasium.utils.RecordConstructorArgs.__init__(self)
        super().__init__(env)

    def step(self, action: Any) -> tuple[Any, Any, bool, bool, dict[str, Any]]:
        observation, reward, terminated, truncated, info = self.env.step(action)
        kept = {key: value for key, value in info.items() if not key.endswith("_seconds")}
        return observation, reward, terminated, truncated, kept


def check_task(task: Task) -> None:
    """Check that a task's environment exists and keeps the rules, and that its expert yields every metric.

    Raises:
        ContractError: the first rule that is broken.
    """
    for variant in range(len(task.variants)):
        env = make_env(task, "train", variant)
        check_env(env)
        env.close()
    env = make_env(task, "test", 0)
    check_expert(task, env)


def check_expert(task: Task, env: gymnasium.Env[Any, Any]) -> None:
    """Check that the task's expert acts through a whole episode and that every metric of the task is reported.

    Raises:
        ContractError: the expert fails, or a metric is missing.
    """
    result = play(make_expert(task, env), env, task, "test", seed=0, episode=0)
    if result.failure:
        raise ContractError(f"the expert {task.expert!r} failed: {result.failure}")
    for metric in task.metrics:
        if metric.name not in result.episode.infos:
            known = ", ".join(sorted(result.episode.infos))
            raise ContractError(f"{task.env} must report {metric.name!r} in info; it reports {known or 'no numbers'}")


def _trace(env: gymnasium.Env[Any, Any], steps: int) -> list[Any]:
    observation, _ = env.reset(seed=11)
    env.action_space.seed(11)
    trace = [observation]
    for _ in range(steps):
        observation, reward, terminated, truncated, _ = env.step(env.action_space.sample())
        trace.append({**observation, "reward": np.asarray(reward)})
        if terminated or truncated:
            break
    return trace


def _same(a: Mapping[str, Any], b: Mapping[str, Any], step: int) -> None:
    for key in a:
        if not np.array_equal(np.asarray(a[key]), np.asarray(b[key]), equal_nan=True):
            raise ContractError(
                f"two episodes with reset(seed=11) and the same actions differ in {key!r} at step {step}; draw all "
                "randomness from self.np_random"
            )
