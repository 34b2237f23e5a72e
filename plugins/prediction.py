"""Closed-loop prediction of dynamical systems: the environment, its expert, and the tasks."""

from __future__ import annotations

from simplatform import Metric, Task, hookimpl

METRICS = (
    Metric("valid_prediction_time", unit="Lyapunov times"),
    *(Metric(f"error_{steps}", better="lower") for steps in (50, 100, 200)),
    Metric("diverged", "rate", better="lower", over="any"),
)


@hookimpl
def register_envs(register):
    target = "simplatform.envs.dynamics.prediction:PredictionEnv"
    register("simplatform/Prediction-v0", target, help="predict a dynamical system in closed loop")


@hookimpl
def register_experts(register):
    target = "simplatform.envs.dynamics.prediction:TruthExpert"
    register("truth", target, help="the true continuation, integrated at tight tolerance")


@hookimpl
def register_tasks(register):
    register(_task("lorenz", "lorenz63", "Lorenz-63, clean, full state, dt 0.01, 100 time units to learn from"))


@hookimpl
def register_report_sections(register):
    register("prediction", "simplatform.envs.dynamics.figures:prediction_section")


def _task(name, system, help):
    return Task(
        name,
        env="simplatform/Prediction-v0",
        expert="truth",
        metrics=METRICS,
        kwargs={"system": system},
        splits={"train": {"steps": 10_000}, "validation": {"steps": 4_000}, "test": {"steps": 2_000}},
        demonstrations=1,
        validation=1,
        episodes=50,
        help=help,
    )
