"""Forecasting fields of PDEs in closed loop: the environment, its expert, and the tasks."""

from __future__ import annotations

from simplatform import Metric, Task, hookimpl
from simplatform.hooks import Register

METRICS = (
    Metric("correlation_time", unit="time of the equation", words="time with a correlation above 0.8"),
    Metric("correlation_time_95", unit="time of the equation", words="time with a correlation above 0.95"),
    Metric("nrmse", better="lower", words="root mean square error of the fields, in units of their size"),
    *(
        Metric(f"vrmse_{frames}", better="lower", words=f"error {frames} frames ahead, in spreads of the field")
        for frames in (1, 10, 100)
    ),
    Metric("spectrum", better="lower", unit="decades", words="distance of the spectra"),
    Metric("drift", better="lower", words="drift of what should be conserved"),
    Metric("diverged", "rate", better="lower", over="any", words="diverges"),
)

TRIVIAL = ("field-persistence",)
RIVALS = ("coarse-solver", "dilated-resnet", "field-unet")

TASKS = {
    "kuramoto-sivashinsky": (140, 200, "chaos on an interval of length 64, frames of 0.8"),
    "burgers": (40, 40, "shocks of many viscosities on a periodic interval"),
    "burgers-2d": (20, 40, "two velocities in two directions"),
    "korteweg-de-vries": (40, 100, "three solitons that pass through each other"),
    "advection-diffusion": (20, 40, "a field that is carried along and fades, in two directions"),
    "allen-cahn": (30, 60, "phases that part, in two directions"),
    "gray-scott": (40, 100, "patterns of reaction and diffusion"),
    "navier-stokes": (20, 40, "decaying turbulence in two dimensions, by vorticity"),
    "kolmogorov": (40, 100, "forced turbulence in two dimensions, by vorticity"),
    "schroedinger": (60, 100, "two solitons of the nonlinear Schrödinger equation"),
    "wave": (40, 100, "waves of many speeds on a periodic interval"),
    "wave-2d": (20, 60, "waves of many speeds, in two directions"),
}


COUPLED = {
    "electro-thermal-lite": "Joule heat and a conductivity that falls with it, steady",
    "thermo-fluid-lite": "natural convection over heated spots, steady",
    "elder-lite": "salt that sinks in a porous square, ten frames",
}
SCORES = tuple(sorted(METRICS, key=lambda metric: metric.name != "nrmse"))
"""The same, the error over all frames first: a steady problem has one."""


@hookimpl
def register_envs(register: Register) -> None:
    target = "simplatform.envs.fields.environment:FieldEnv"
    register("simplatform/Field-v0", target, help="forecast the fields of a PDE in closed loop")
    target = "simplatform.envs.fields.captions:CaptionedEnv"
    register("simplatform/CaptionedField-v0", target, help="forecast fields that a caption tells of")
    target = "simplatform.envs.fields.coupled.environment:CoupledEnv"
    register("simplatform/CoupledField-v0", target, help="find fields that act on each other, by finite elements")
    target = "simplatform.envs.fields.recorded:RecordedFieldEnv"
    register("simplatform/RecordedField-v0", target, help="forecast fields from a file in closed loop")


@hookimpl
def register_experts(register: Register) -> None:
    target = "simplatform.envs.fields.environment:ResolvedSolver"
    register("resolved-solver", target, help="the truth, solved finely in time and space, in double")


@hookimpl
def register_solvers(register: Register) -> None:
    target = "simplatform.envs.fields.coarse:coarse_solver"
    register("spectral", target, kind="pde", help="ETDRK4 on a periodic grid, as coarse as one asks")


@hookimpl
def register_tasks(register: Register) -> None:
    for problem, (train, test, help) in TASKS.items():
        register(
            Task(
                f"fields/{problem}",
                env="simplatform/Field-v0",
                expert="resolved-solver",
                metrics=METRICS,
                kwargs={"problem": problem},
                splits={"train": {"steps": train}, "validation": {"steps": test}, "test": {"steps": test}},
                demonstrations=32,
                validation=4,
                episodes=20,
                opponents=TRIVIAL,
                rivals=RIVALS,
                help=help,
            )
        )
    register(
        Task(
            "fields/captions",
            env="simplatform/CaptionedField-v0",
            expert="resolved-solver",
            metrics=(Metric("caption", "rate", words="does what its caption tells"), *METRICS),
            demonstrations=240,
            validation=12,
            episodes=60,
            opponents=TRIVIAL,
            rivals=("field-unet",),
            help="heat that spreads and waves that run, told by one of six captions and measured again",
        )
    )
    for problem, help in COUPLED.items():
        register(
            Task(
                f"fields/{problem}",
                env="simplatform/CoupledField-v0",
                expert="resolved-solver",
                metrics=SCORES,
                kwargs={"problem": problem},
                demonstrations=100,
                validation=10,
                episodes=20,
                opponents=TRIVIAL,
                rivals=("dilated-resnet", "field-unet"),
                help=help,
            )
        )
    register(
        Task(
            "fields/own",
            env="simplatform/RecordedField-v0",
            expert="resolved-solver",
            metrics=METRICS,
            splits={"train": {"part": "train"}, "validation": {"part": "validation"}, "test": {"part": "test"}},
            expand="simplatform.envs.fields.recorded:episodes",
            opponents=TRIVIAL,
            rivals=("dilated-resnet", "field-unet"),
            help="your own fields: --set env.path=FILE (npz; HDF5 of PDEBench and The Well)",
        )
    )


@hookimpl
def register_report_sections(register: Register) -> None:
    target = "simplatform.envs.fields.report:field_section"
    register("fields", target, help="fields beside the truth, error growth, spectra, break-even")
