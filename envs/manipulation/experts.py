"""Meta-World's scripted controllers as experts: demonstrators, and policies to compare with."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any

import gymnasium
import numpy as np
import torch
from torch import Generator, Tensor

from simplatform.envs.manipulation.tasks import TASKS
from simplatform.errors import ContractError, UnknownName


class ScriptedExpert:
    """The scripted controller of one Meta-World task: sees ``observation["state"]`` (B, T, 39), answers (B, 1, 4)."""

    observe = 1
    execute = 1
    reads = ("state",)

    def __init__(self, script: Any) -> None:
        self._script = script

    def reset(self, observation: Mapping[str, Tensor]) -> None:
        """Do nothing: the scripts have no memory."""

    def act(self, observation: Mapping[str, Tensor], *, generator: Generator | None = None) -> Tensor:
        """Return the controller's action, clipped to [−1, 1]."""
        states = observation["state"][:, -1].cpu().numpy().astype(np.float64)
        actions = [np.clip(self._script.get_action(state), -1.0, 1.0) for state in states]
        return torch.as_tensor(np.array(actions, np.float32))[:, None]


def metaworld_expert(env: gymnasium.Env[Any, Any]) -> ScriptedExpert:
    """Return the scripted expert of the environment's task.

    Raises:
        ContractError: the environment is not a ``MetaWorldEnv``.
    """
    task = getattr(env.unwrapped, "task", None)
    if task not in TASKS:
        raise ContractError(
            f"expected simplatform/MetaWorld-v0, got {env.unwrapped}; Meta-World's experts know its tasks only."
        )
    return scripted_expert(task)


def scripted_expert(task: str) -> ScriptedExpert:
    """Return the scripted expert of a task by name.

    Raises:
        UnknownName: Meta-World has no such task.
    """
    from metaworld.policies import ENV_POLICY_MAP

    if task not in TASKS:
        raise UnknownName("Meta-World task", task, TASKS)
    warnings.filterwarnings("ignore", message="Constant\\(s\\) may be too high", module="metaworld")
    script: Any = ENV_POLICY_MAP[f"{task}-v3"]
    return ScriptedExpert(script())
