"""Building environments and experts of a task, and reading their signature."""

from __future__ import annotations

import inspect
from typing import Any

import gymnasium

from simplatform.contracts import Policy, Signature, Task
from simplatform.errors import ConfigError, ContractError, SimplatformError, nearest
from simplatform.plugin_host.host import get_host


def make_env(task: Task, split: str = "train", episode: int = 0, *, render: bool = False) -> gymnasium.Env[Any, Any]:
    """Build the environment of one episode of a task; with ``render``, one that draws, where it can.

    Raises:
        ConfigError: a keyword that the environment does not take; near keywords are shown.
    """
    get_host().register_environments()
    kwargs = task.env_kwargs(split, episode)
    spec = gymnasium.spec(task.env)
    _check_keywords(spec, kwargs)
    if render and "rgb_array" in _render_modes(spec):
        kwargs["render_mode"] = "rgb_array"
    try:
        return gymnasium.make(spec, **kwargs, disable_env_checker=True).unwrapped
    except SimplatformError:
        raise
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{task.env} refuses {kwargs}: {error}") from error


def make_expert(task: Task, env: gymnasium.Env[Any, Any]) -> Policy:
    """Build the task's expert for an environment."""
    expert: Policy = get_host().registry("expert").get(task.expert).load()(env)
    return expert


def signature_of(env: gymnasium.Env[Any, Any]) -> Signature:
    """Read the shapes that a policy is built for.

    Raises:
        ContractError: the observation space is not a Dict of boxes, or the action space has no shape.
    """
    space, action = env.observation_space, env.action_space
    if not isinstance(space, gymnasium.spaces.Dict) or action.shape is None:
        raise ContractError(
            f"expected a Dict observation space and an action space with a shape, got {space} and {action}; "
            "wrap the environment so that each observation has a name."
        )
    shapes = {key: tuple(part.shape or ()) for key, part in space.spaces.items()}
    return Signature(shapes, tuple(action.shape), dict(env.metadata.get("simplatform", {})))


def _entry_point(spec: gymnasium.envs.registration.EnvSpec) -> Any:
    point = spec.entry_point
    return gymnasium.envs.registration.load_env_creator(point) if isinstance(point, str) else point


def _check_keywords(spec: gymnasium.envs.registration.EnvSpec, kwargs: dict[str, Any]) -> None:
    parameters = inspect.signature(_entry_point(spec)).parameters
    if any(p.kind is p.VAR_KEYWORD for p in parameters.values()):
        return
    for key in kwargs:
        if key not in parameters:
            near = nearest(key, parameters)
            guess = (
                f"did you mean {', '.join(f'env.{n}' for n in near)}?" if near else f"it takes {', '.join(parameters)}"
            )
            raise ConfigError(f"unknown setting env.{key} for {spec.id}: {guess}")


def _render_modes(spec: gymnasium.envs.registration.EnvSpec) -> list[str]:
    modes: list[str] = getattr(_entry_point(spec), "metadata", {}).get("render_modes", [])
    return modes
