"""Checks by registered name: what ``simplatform check`` runs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from simplatform.contracts import Fittable, Trainable
from simplatform.demonstrations.formats import formats
from simplatform.errors import UnknownName, UsageError
from simplatform.pipeline.environments import make_env, signature_of
from simplatform.plugin_host.host import get_host
from simplatform.recipes import find_task, resolve
from simplatform.runs.checkpoint import build_policy
from simplatform.testing.data import check_recipe
from simplatform.testing.device import check_run, on_device
from simplatform.testing.environments import check_env, check_expert, check_task
from simplatform.testing.linear import check_linear_solver
from simplatform.testing.policies import check_policy
from simplatform.testing.solvers import check_solver

KINDS = ("policy", "environment", "solver", "task", "expert", "format")


def check_registered(
    name: str, task: str | None = None, device: str = "", settings: Mapping[str, Any] | None = None
) -> Iterator[str]:
    """Check all that is registered under ``name``; yields a line per check that passed.

    With a ``device``, policies are run there from collecting to exporting, and solvers solve there; "pretend" is one
    that needs no hardware. ``settings`` make a policy small.

    Raises:
        UnknownName: nothing of that name.
        UsageError: a policy without a task, or a solver that is not checked by itself.
        ContractError: the first rule that is broken.
    """
    host = get_host()
    kinds = [kind for kind in KINDS if name in host.registry(kind)]
    if not kinds and name not in host.registry("recipe"):
        known = [e.name for kind in KINDS for e in host.registry(kind)]
        raise UnknownName("policy, environment, expert, solver, task, recipe or format", name, known)
    for kind in kinds or ["recipe"]:
        yield from _check(kind, name, task, device, settings or {})


def _check(kind: str, name: str, task: str | None, device: str, settings: Mapping[str, Any]) -> Iterator[str]:
    if kind == "recipe":
        yield from check_run(name, task, device, settings) if device else [_check_recipe(name)]
    elif kind == "expert":
        yield _check_expert(name, task)
    elif kind == "format":
        yield _check_format(name)
    elif kind == "policy":
        yield from check_run(name, task, device, settings) if device else [_check_policy(name, task, settings)]
    elif kind == "environment":
        yield _check_environment(name)
    elif kind == "solver":
        yield from _check_solver(name, task, device, settings)
    else:
        check_task(find_task(name))
        yield f"task {name}: environment, expert and metrics"


def _check_recipe(name: str) -> str:
    check_recipe(name)
    return f"recipe {name}: names, settings, its policy can be built for its task"


def _check_expert(name: str, task: str | None) -> str:
    """Check an expert on the task that is told, or on the first one that has it."""
    tasks = [entry.name for entry in get_host().registry("task") if entry.data.expert == name]
    if not (task or tasks):
        raise UsageError(f"say on which task to check the expert {name!r}: --task NAME")
    chosen = replace(find_task(task or tasks[0]), expert=name)
    check_expert(chosen, make_env(chosen, "test"))
    return f"expert {name} on {chosen.name}: a policy that acts through an episode, all metrics reported"


def _check_format(name: str) -> str:
    found = formats()[name]
    return f"format {name}: recognises, reads, writes {found.ending or 'a name'}"


def _check_environment(name: str) -> str:
    import gymnasium

    get_host().register_environments()
    check_env(gymnasium.make(name, disable_env_checker=True).unwrapped)
    return f"environment {name}: gymnasium's rules, named observations, equal seeds give equal episodes"


def _check_solver(name: str, task: str | None, device: str, settings: Mapping[str, Any]) -> Iterator[str]:
    """Check an ODE solver by itself, and a sampler in a policy that takes samplers."""
    entry = get_host().registry("solver").get(name)
    kind = entry.extra.get("kind", "ode")
    if kind == "ode":
        with on_device(device or "cpu"):
            check_solver(entry.load()(), device or "cpu")
        yield f"solver {name}: order, honest evaluation count, dtype and device kept"
    elif kind == "sampler" and not entry.extra.get("file"):
        chosen = {**settings, "policy.sampler": name}
        plugin = _taking("sampler")
        yield from check_run(plugin, task, device, chosen) if device else [_check_policy(plugin, task, chosen)]
    elif kind == "linear":
        check_linear_solver(entry.load())
        yield f"solver {name}: a symmetric positive system of a grid, solved to 1e-8"
    else:
        raise UsageError(f"{name!r} is a solver of kind {kind!r}, which is checked with the policies that use it")


def _taking(setting: str) -> str:
    """Return the first policy with a recipe that has this setting."""
    host = get_host()
    for entry in host.registry("policy"):
        if entry.name in host.registry("recipe") and setting in entry.load_config().model_fields:
            return entry.name
    raise UsageError(f"no policy takes a setting {setting!r}, so nothing can be checked with it")


def _check_policy(name: str, task: str | None, settings: Mapping[str, Any]) -> str:
    if task is None and name not in get_host().registry("recipe"):
        raise UsageError(f"say on which task to check the policy {name!r}: --task NAME")
    recipe = resolve(name, task, settings=settings)
    env = make_env(recipe.task, "train")
    policy = build_policy(recipe.policy, recipe.policy_config, signature_of(env))
    demonstrations = None
    if isinstance(policy, Trainable | Fittable):
        from simplatform.pipeline.collect import collect

        demonstrations = collect(recipe.task, count=1, seed=0).demonstrations
    check_policy(policy, env, demonstrations)
    return f"policy {name} on {recipe.task.name}: shapes, device, determinism, gradients, state survives a file"
