"""PROSE: operators and symbolic expressions by a multimodal transformer (Liu, Zhang & Schaeffer, arXiv:2309.16816)."""

from __future__ import annotations

from simplatform import Metric, Task, hookimpl
from simplatform.hooks import Register

ROOM = "simplatform.envs.dynamics.symbolic.environment"
METRICS = (
    Metric("relative_l2", better="lower", words="error of the states, relative to their size"),
    Metric("parsed", "rate", words="says an equation"),
    Metric("equation_error", better="lower", words="error of the equation's slopes, relative to their size"),
)


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "prose",
        "simplatform.policies.dynamics.prose.policy:Prose",
        config="simplatform.policies.dynamics.prose.policy:ProseConfig",
        help="how a trajectory goes on, and its equation, from its beginning and a doubtful equation",
    )
    register(
        "last-point",
        "simplatform.policies.dynamics.prose.trivial:LastPoint",
        config="simplatform.policies.dynamics.prose.trivial:LastPointConfig",
        help="the last point that was seen, again and again",
        words="repeating the last point",
    )


@hookimpl
def register_envs(register: Register) -> None:
    register("simplatform/Symbolic-v0", f"{ROOM}:SymbolicEnv", help="tell how a trajectory goes on, and its equation")


@hookimpl
def register_experts(register: Register) -> None:
    register("equation-known", f"{ROOM}:SymbolicExpert", help="the true states and the true equation")


@hookimpl
def register_tasks(register: Register) -> None:
    register(
        Task(
            "symbolic",
            env="simplatform/Symbolic-v0",
            expert="equation-known",
            metrics=METRICS,
            demonstrations=8000,
            validation=64,
            episodes=200,
            opponents=("last-point",),
            help="five families: how a trajectory goes on and its equation, from 16 points and a doubtful equation",
        )
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"train.steps": 3000, "train.batch": 32, "train.lr": 1e-3, "train.warmup": 200}
    register("prose", policy="prose", task="symbolic", settings=settings)
