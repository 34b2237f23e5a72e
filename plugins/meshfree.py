"""Solving one PDE at points that are asked for: the environment, its truth, the tasks, and the classical opponents."""

from __future__ import annotations

from simplatform import Metric, Task, hookimpl
from simplatform.hooks import Register

ENV = "simplatform/PdeProblem-v0"
METRICS = (
    Metric("error", better="lower", words="relative L2 error of the solution"),
    Metric("largest_error", better="lower", words="largest error, in units of the solution's largest value"),
    Metric("residual", better="lower", words="what is left of the equations, in units of their terms"),
    Metric("sides", better="lower", words="what is left of the conditions, in units of the solution"),
    Metric("seconds", better="lower", unit="s", key="policy.seconds", words="time of a solve"),
    Metric("solved", "rate", over="last", words="gives a finite answer"),
)
OPPONENTS = ("p2-fem", "pinn")
TASKS = {
    "helmholtz": "Δu + k²u = f on a square, four waves across",
    "poisson": "a wide and a narrow hill on a square",
    "poisson-3d": "two waves in a cube",
    "heat": "two modes that fade on a square",
    "burgers": "a sine that steepens, viscous, periodic",
    "convection": "a sine carried around a circle eight times",
    "moving-waves": "two waves carried around a circle eight times while they fade",
    "advected-gaussian": "a narrow hill carried along a line",
    "allen-cahn": "phases that part in steep fronts, periodic",
    "taylor-green": "four vortices that fade: Navier-Stokes",
}


@hookimpl
def register_envs(register: Register) -> None:
    target = "simplatform.envs.meshfree.environment:PdeProblem"
    register(ENV, target, help="solve a PDE at points that are asked for")


@hookimpl
def register_policies(register: Register) -> None:
    target = "simplatform.envs.meshfree.finite_elements.policy"
    register(
        "p2-fem",
        f"{target}:FiniteElementsPolicy",
        config=f"{target}:FiniteElementsConfig",
        help="P2 finite elements of scikit-fem on the problem's own weak form",
        words="P2 finite elements",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("p2-fem", policy="p2-fem", task="pde/helmholtz")


@hookimpl
def register_experts(register: Register) -> None:
    target = "simplatform.envs.meshfree.environment:TruthPolicy"
    register("pde-truth", target, help="the exact solution, or fine finite elements")


@hookimpl
def register_solvers(register: Register) -> None:
    target = "simplatform.envs.meshfree.pde:of_facts"
    register("pde", target, kind="pde", help="residuals of the problem that an environment declares")


@hookimpl
def register_report_sections(register: Register) -> None:
    target = "simplatform.envs.meshfree.report"
    register("pde-doubts", f"{target}:doubts_section", help="what a solver says against its own answer, first")
    register("pde-solution", f"{target}:solution_section", help="solution, error, residual, convergence; VTU file")


@hookimpl
def register_tasks(register: Register) -> None:
    register(
        Task(
            "pde/conductivity", env=ENV, expert="pde-truth",
            metrics=(*METRICS[:1], Metric("parameter_error", better="lower"), Metric("covered", "rate"), *METRICS[2:]),
            kwargs={"problem": "conductivity"}, demonstrations=0, episodes=20,
            help="an unknown conductivity from 20 noisy sensors",
        )
    )  # fmt: skip
    register(
        Task(
            "pde-free", env=ENV, expert="pde-truth", metrics=METRICS, demonstrations=0, episodes=1,
            opponents=OPPONENTS, help="your own PDE: --set env.file=mine.toml (docs: howto/pde)",
        )
    )  # fmt: skip
    for problem, text in TASKS.items():
        register(
            Task(
                f"pde/{problem}", env=ENV, expert="pde-truth", metrics=METRICS, kwargs={"problem": problem},
                demonstrations=0, episodes=1, opponents=OPPONENTS, help=text,
            )
        )  # fmt: skip
