"""Closed-loop prediction of dynamical systems: the environment, its expert, and the tasks."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simplatform import Metric, Task, hookimpl
from simplatform.hooks import Register

METRICS = (
    Metric("valid_prediction_time", unit="Lyapunov times", words="time until the forecast leaves the truth"),
    *(
        Metric(f"error_{steps}", better="lower", words=f"error after {steps} steps, in spreads of the attractor")
        for steps in (50, 100, 200)
    ),
    Metric("diverged", "rate", better="lower", over="any", words="diverges"),
)

TRIVIAL = ("persistence", "mean-state", "context-parroting")
RIVALS = ("nvar", "reservoir", "sindy")

CASES = {
    "soliton": "one soliton",
    "collision": "two solitons that collide",
    "breather": "an Akhmediev breather",
    "modulation": "a plane wave whose modulation grows",
}


@hookimpl
def register_envs(register: Register) -> None:
    target = "simplatform.envs.dynamics.prediction:PredictionEnv"
    register("simplatform/Prediction-v0", target, help="predict a dynamical system in closed loop")
    target = "simplatform.envs.dynamics.own:SeriesEnv"
    register("simplatform/RecordedSeries-v0", target, help="predict a series from a file in closed loop")


@hookimpl
def register_experts(register: Register) -> None:
    target = "simplatform.envs.dynamics.prediction:TruthExpert"
    register("truth", target, help="the true continuation, integrated at tight tolerance")


@hookimpl
def register_tasks(register: Register) -> None:
    register(_task("lorenz", "lorenz63", "Lorenz-63, clean, full state, dt 0.01, 100 time units to learn from"))
    register(_task("lorenz-noisy", "lorenz63", "Lorenz-63 measured with 1 % noise", window=32, noise=0.01))
    register(_task("lorenz-x", "lorenz63", "Lorenz-63 of which only x is measured", window=32, observed=[0]))
    register(_task("rossler", "rossler", "the Rössler attractor, dt 0.1"))
    register(_task("chua", "chua", "Chua's double scroll, dt 0.05"))
    register(_task("double-pendulum", "double-pendulum", "a chaotic double pendulum, dt 0.01 s"))
    register(_field_task("kuramoto-sivashinsky", 4, 600, 800, "Kuramoto-Sivashinsky on 64 points, dt 0.25"))
    for case, what in CASES.items():
        register(_field_task(f"nlse-{case}", 8, 150, 200, f"nonlinear Schrödinger equation: {what}"))
    register(_own_series())
    for system in _attractors():
        register(_task(system, system, "an attractor of dysts, 50 samples a period"))


@hookimpl
def register_exports(register: Register) -> None:
    room = "simplatform.envs.dynamics.taken"
    register("equations", f"{room}:equations", suffix=".toml", help="a file of equations, for --task equations")
    register("latex", f"{room}:latex", suffix=".tex", help="the equations in LaTeX")
    register("sympy", f"{room}:sympy_source", suffix=".py", help="a module with the equations in SymPy")
    register("python", f"{room}:python", suffix=".py", help="equations and Jacobian as NumPy code")
    register("c", f"{room}:c", suffix=".c", help="equations and Jacobian as C")
    register("forecast", f"{room}:forecast", suffix=".csv", help="what comes next, with 50 % and 90 % bands")
    register("picture", f"{room}:picture", suffix=".png", help="each component's forecast with its bands")


@hookimpl
def register_report_sections(register: Register) -> None:
    register("prediction", "simplatform.envs.dynamics.figures:prediction_section")
    register("long-term", "simplatform.envs.dynamics.longterm_section:longterm_section")


def _task(name: str, system: str, help: str, **kwargs: Any) -> Task:
    return Task(
        name,
        env="simplatform/Prediction-v0",
        expert="truth",
        metrics=METRICS,
        kwargs={"system": system, **kwargs},
        splits={"train": {"steps": 10_000}, "validation": {"steps": 4_000}, "test": {"steps": 2_000}},
        demonstrations=1,
        validation=1,
        episodes=50,
        opponents=TRIVIAL,
        rivals=RIVALS,
        help=help,
    )


def _field_task(name: str, demonstrations: int, long: int, steps: int, help: str) -> Task:
    return Task(
        name,
        env="simplatform/Prediction-v0",
        expert="truth",
        metrics=METRICS,
        kwargs={"system": name},
        splits={"train": {"steps": long}, "validation": {"steps": long}, "test": {"steps": steps}},
        demonstrations=demonstrations,
        validation=2,
        episodes=20,
        opponents=TRIVIAL,
        rivals=("nvar",),
        help=help,
    )


def _own_series() -> Task:
    return Task(
        "series",
        env="simplatform/RecordedSeries-v0",
        expert="truth",
        metrics=METRICS,
        splits={
            "train": {"part": "train"},
            "validation": {"part": "validation"},
            "test": {"part": "test", "steps": 400},
        },
        demonstrations=1,
        validation=1,
        episodes=10,
        opponents=TRIVIAL,
        rivals=RIVALS,
        inspect="simplatform.envs.dynamics.inspecting:inspect_series",
        help="your own series: --set env.path=FILE (npz or csv)",
    )


def _attractors() -> Iterable[str]:
    """Return the attractors that dysts has, where it is installed; its list is read without importing it."""
    from simplatform.envs.dynamics.catalogue import names

    return names()
