"""Few-shot forecasting of families of dynamical systems: the environment, its expert, and the tasks."""

from __future__ import annotations

from simplatform import Metric, Task, hookimpl
from simplatform.hooks import Register

METRICS = (
    Metric("mse", better="lower", words="mean squared error of the forecasts"),
    Metric("relative_mse", better="lower", words="squared error over the mean square of the truth"),
    Metric("mape", better="lower", words="mean absolute error, relative to the truth"),
    Metric("diverged", "rate", better="lower", over="any", words="diverges"),
)

TRIVIAL = ("support-nearest", "support-mean")


@hookimpl
def register_envs(register: Register) -> None:
    register(
        "simplatform/Forecast-v0",
        "simplatform.envs.dynamics.forecast:ForecastEnv",
        help="few-shot forecasting of a family of systems",
    )
    register(
        "simplatform/Equations-v0",
        "simplatform.envs.dynamics.equations.environment:EquationsEnv",
        help="few-shot forecasting of systems from a file of equations",
    )
    register(
        "simplatform/RecordedForecast-v0",
        "simplatform.envs.dynamics.own:RecordedForecastEnv",
        help="few-shot forecasting of trajectories from a file",
    )


@hookimpl
def register_experts(register: Register) -> None:
    register(
        "integrator",
        "simplatform.envs.dynamics.forecast:IntegratorExpert",
        help="tight-tolerance integration with the true parameters",
    )


@hookimpl
def register_tasks(register: Register) -> None:
    register(_task("lotka-volterra", 9, "nine environments, tested on four unseen ones as well"))
    register(_task("lotka-volterra-leads", 10, "the ten environments of LEADS, one trajectory each", support=1))
    register(_task("glycolytic", 9, "a glycolytic oscillator of seven species", support=7))
    register(_task("selkov", 21, "Sel'kov's model on three sides of its bifurcations"))
    register(_task("brusselator", 6, "the well-stirred Brusselator"))
    register(_task("lorenz63", 5, "Lorenz-63 with five forcings"))
    register(_task("lorenz96", 5, "Lorenz-96 with eight sites and five forcings"))
    register(_task("gray-scott", 4, "reaction and diffusion on 32 x 32 points, four pairs of rates"))
    register(_task("navier-stokes", 5, "forced flow on 32 x 32 points, five viscosities"))
    register(_task("odebench-4", 20, "four families of ODEBench, five environments each"))
    register(_task("odebench-10a", 50, "ten families of ODEBench, five environments each"))
    register(_task("odebench-10b", 160, "ten families of ODEBench, sixteen environments each", rounds=2))

    register(
        Task(
            "equations",
            env="simplatform/Equations-v0",
            expert="integrator",
            metrics=METRICS,
            expand="simplatform.envs.dynamics.equations.environment:environments",
            splits={"train": {"support": 3}, "ood": {"ood": True, "support": 1}},
            extra_splits=("ood",),
            opponents=TRIVIAL,
            rivals=("polynomial",),
            help="your own equations: --set env.file=FILE (toml)",
        )
    )
    register(
        Task(
            "lotka-volterra-hidden",
            env="simplatform/Equations-v0",
            expert="integrator",
            metrics=METRICS,
            kwargs={"file": "lotka-volterra-hidden", "noise": 0.02, "support": 1},
            expand="simplatform.envs.dynamics.equations.environment:environments",
            opponents=TRIVIAL,
            rivals=("polynomial",),
            help="Lotka-Volterra of which all but what the prey lose is known, from 12 points with 2 % noise",
        )
    )
    register(
        Task(
            "trajectories",
            env="simplatform/RecordedForecast-v0",
            expert="integrator",
            metrics=METRICS,
            expand="simplatform.envs.dynamics.own:environments",
            splits={part: {"part": part} for part in ("train", "validation", "test")},
            opponents=TRIVIAL,
            rivals=("polynomial",),
            inspect="simplatform.envs.dynamics.inspecting:inspect_trajectories",
            help="your own trajectories: --set env.path=FILE (npz, csv or a Minari dataset)",
        )
    )


@hookimpl
def register_report_sections(register: Register) -> None:
    target = "simplatform.envs.dynamics.forecast_figures:forecast_section"
    register("forecasts", target, help="phase portraits, and the error of every environment")


def _task(family: str, environments: int, help: str, support: int = 3, rounds: int = 4) -> Task:
    return Task(
        family,
        env="simplatform/Forecast-v0",
        expert="integrator",
        metrics=METRICS,
        kwargs={"family": family},
        variants=tuple({"environment": number} for number in range(environments)),
        splits={"train": {"support": support}, "ood": {"ood": True, "support": 1}},
        demonstrations=environments,
        validation=environments,
        episodes=rounds * environments,
        opponents=TRIVIAL,
        rivals=() if family in ("gray-scott", "navier-stokes") else ("polynomial",),
        extra_splits=("ood",),
        help=help,
    )
