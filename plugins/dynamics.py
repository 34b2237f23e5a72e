"""Few-shot forecasting of families of dynamical systems: the environment, its expert, and the tasks."""

from __future__ import annotations

from simplatform import Metric, Task, hookimpl

METRICS = (
    Metric("mse", better="lower"),
    Metric("relative_mse", better="lower"),
    Metric("mape", better="lower"),
)


@hookimpl
def register_envs(register):
    register(
        "simplatform/Forecast-v0",
        "simplatform.envs.dynamics.forecast:ForecastEnv",
        help="few-shot forecasting of a family of systems",
    )


@hookimpl
def register_experts(register):
    register(
        "integrator",
        "simplatform.envs.dynamics.forecast:IntegratorExpert",
        help="tight-tolerance integration with the true parameters",
    )


@hookimpl
def register_tasks(register):
    register(_task("lotka-volterra", environments=9, help="nine environments, tested on four unseen ones as well"))


def _task(family, environments, help):
    return Task(
        family,
        env="simplatform/Forecast-v0",
        expert="integrator",
        metrics=METRICS,
        kwargs={"family": family},
        variants=tuple({"environment": number} for number in range(environments)),
        splits={"train": {"support": 3}, "ood": {"ood": True, "support": 1}},
        demonstrations=environments,
        validation=environments,
        episodes=4 * environments,
        extra_splits=("ood",),
        help=help,
    )
