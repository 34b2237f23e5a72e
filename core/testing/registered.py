"""Checks by registered name: what ``simplatform check`` runs."""

from __future__ import annotations

from collections.abc import Iterator

from simplatform.contracts import Fittable, Trainable
from simplatform.errors import UnknownName, UsageError
from simplatform.pipeline.environments import make_env, signature_of
from simplatform.plugin_host.host import get_host
from simplatform.recipes import find_task, resolve
from simplatform.runs.checkpoint import build_policy
from simplatform.testing.environments import check_env, check_task
from simplatform.testing.policies import check_policy
from simplatform.testing.solvers import check_solver


def check_registered(name: str, task: str | None = None) -> Iterator[str]:
    """Check all that is registered under ``name``; yields a line per check that passed.

    Raises:
        UnknownName: nothing of that name.
        ContractError: the first rule that is broken.
    """
    host = get_host()
    kinds = [kind for kind in ("policy", "environment", "solver", "task") if name in host.registry(kind)]
    if not kinds:
        known = [e.name for kind in ("policy", "environment", "solver", "task") for e in host.registry(kind)]
        raise UnknownName("policy, environment, solver or task", name, known)
    for kind in kinds:
        yield from _check(kind, name, task)


def _check(kind: str, name: str, task: str | None) -> Iterator[str]:
    host = get_host()
    if kind == "policy":
        yield _check_policy(name, task)
    elif kind == "environment":
        host.register_environments()
        import gymnasium

        check_env(gymnasium.make(name, disable_env_checker=True).unwrapped)
        yield f"environment {name}: gymnasium's rules, named observations, equal seeds give equal episodes"
    elif kind == "solver":
        check_solver(host.registry("solver").get(name).load()())
        yield f"solver {name}: order, honest evaluation count, dtype and device kept"
    else:
        check_task(find_task(name))
        yield f"task {name}: environment, expert and metrics"


def _check_policy(name: str, task: str | None) -> str:
    if task is None and name not in get_host().registry("recipe"):
        raise UsageError(f"say on which task to check the policy {name!r}: --task NAME")
    recipe = resolve(name, task)
    env = make_env(recipe.task, "train")
    policy = build_policy(recipe.policy, recipe.policy_config, signature_of(env))
    demonstrations = None
    if isinstance(policy, Trainable | Fittable):
        from simplatform.pipeline.collect import collect

        demonstrations = collect(recipe.task, count=1, seed=0).demonstrations
    check_policy(policy, env, demonstrations)
    return f"policy {name} on {recipe.task.name}: shapes, device, determinism, gradients, state survives a file"
