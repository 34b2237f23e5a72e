"""Building environments and experts of a task, and reading their signature."""

from __future__ import annotations

import inspect
from typing import Any, TypeGuard

import gymnasium

from simplatform.contracts import Facts, Policy, Reading, Signature, Sparing, Task
from simplatform.errors import ConfigError, ContractError, SimplatformError, nearest
from simplatform.plugin_host.host import get_host


def make_env(task: Task, split: str = "train", episode: int = 0, *, render: bool = False) -> gymnasium.Env[Any, Any]:
    """Build the environment of one episode of a task; with ``render``, one that draws, where it can.

    It is as registered: with its time limit and its wrappers, if it has any. ``unwrapped`` is what is within.

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
        env = gymnasium.make(spec, **kwargs, disable_env_checker=True)
    except SimplatformError:
        raise
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{task.env} refuses {kwargs}: {error}") from error
    if not isinstance(env, gymnasium.Env):
        raise ContractError(f"{task.env} must be a gymnasium.Env, got {type(env).__name__}")
    return env


def make_expert(task: Task, env: gymnasium.Env[Any, Any]) -> Policy:
    """Build the task's expert for an environment: the factory is given what is within all wrappers.

    Raises:
        ContractError: what the plugin's factory returns is no policy.
    """
    expert = get_host().registry("expert").get(task.expert).load()(env.unwrapped)
    if not isinstance(expert, Policy):
        raise ContractError(f"expert {task.expert!r} must return a policy (see simplatform.contracts), got {expert!r}")
    return expert


def show(env: gymnasium.Env[Any, Any], policy: object, *, everything: bool = False) -> None:
    """Let an environment that can spare it make what a policy reads and no more, or ``everything``."""
    inner = env.unwrapped
    if isinstance(inner, Sparing):
        inner.show(policy.reads if isinstance(policy, Reading) and not everything else None)


def episodes_of(env: gymnasium.Env[Any, Any]) -> int | None:
    """Return how many distinct episodes an environment says it has, or None where they are not limited."""
    return Facts.read(env.metadata.get("simplatform", {}), type(env.unwrapped).__name__).episodes


def available(task: Task, split: str) -> int | None:
    """Return how many distinct episodes a split of a task has, or None where they are not limited."""
    if (first := episodes_of(make_env(task, split))) is None:
        return None
    others = [episodes_of(make_env(task, split, number)) or first for number in range(1, len(task.variants))]
    return len(task.variants) * min(first, *others) if others else first


def signature_of(env: gymnasium.Env[Any, Any]) -> Signature:
    """Read the shapes that a policy is built for.

    Raises:
        ContractError: the observation space is not a Dict of boxes, the action space has no shape, or what the
            environment declares of itself is not what the contract says.
    """
    space, action = env.observation_space, env.action_space
    if not isinstance(space, gymnasium.spaces.Dict) or action.shape is None:
        raise ContractError(
            f"expected a Dict observation space and an action space with a shape, got {space} and {action}; "
            "wrap the environment so that each observation has a name."
        )
    shapes = {key: tuple(part.shape or ()) for key, part in space.spaces.items()}
    declared = env.metadata.get("simplatform", {})
    Facts.read(declared, type(env.unwrapped).__name__)
    return Signature(shapes, tuple(action.shape), dict(declared))


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
    kind = _entry_point(spec)
    return list(kind.metadata.get("render_modes", [])) if _is_env(kind) else []


def _is_env(kind: object) -> TypeGuard[type[gymnasium.Env[Any, Any]]]:
    return isinstance(kind, type) and issubclass(kind, gymnasium.Env)
