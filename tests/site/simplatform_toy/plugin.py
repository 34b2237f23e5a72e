"""What the toy registers: one of each kind."""

from dataclasses import replace

from simplatform import Check, Metric, Task, hookimpl

METRICS = (Metric("success", "rate", over="any"), Metric("distance", better="lower", unit="m"))


@hookimpl
def register_envs(register):
    register("toy/PointMass-v0", "simplatform_toy.env:PointMass", help="a point reaches a goal")
    register("toy/CloudMass-v0", "simplatform_toy.env:CloudMass", help="the same, seen as a cloud")


@hookimpl
def register_experts(register):
    register("toy", "simplatform_toy.env:ToyExpert", help="straight to the goal")


@hookimpl
def register_tasks(register):
    task = Task(
        "toy/point",
        env="toy/PointMass-v0",
        expert="toy",
        metrics=METRICS,
        kwargs={"steps": 12},
        splits={"far": {"spread": 2.0}},
        demonstrations=4,
        validation=1,
        episodes=6,
        keep="success",
        extra_splits=("far",),
        help="a point reaches a goal in the plane",
    )
    register(task)
    register(
        replace(task, name="toy/opposed", opponents=("toy-mean", "expert", "toy-missing"), rivals=("toy",), help="")
    )
    register(replace(task, name="toy/cloud", env="toy/CloudMass-v0", extra_splits=(), help="the same, seen as a cloud"))
    for name, problem, points in (("field", "kuramoto-sivashinsky", 32), ("plane", "burgers-2d", 32)):
        short = {split: {"steps": 4} for split in ("train", "validation", "test")}
        kwargs = {"problem": problem, "points": points}
        metrics = (Metric("nrmse", better="lower"),)
        fields = Task(f"toy/{name}", "simplatform/Field-v0", "resolved-solver", metrics, kwargs=kwargs, splits=short)
        register(replace(fields, demonstrations=1, validation=1, episodes=1))
    small = Task(
        "toy/attractor",
        env="simplatform/Prediction-v0",
        expert="truth",
        metrics=(Metric("valid_prediction_time"),),
        kwargs={"system": "lorenz63"},
        splits={"train": {"steps": 200}, "validation": {"steps": 40}, "test": {"steps": 20}},
        demonstrations=1,
        validation=1,
        episodes=1,
        help="a short piece of Lorenz-63",
    )
    register(small)


@hookimpl
def register_policies(register):
    register("toy", "simplatform_toy.policies:Toy", config="simplatform_toy.policies:ToyConfig", help="a small network")
    register("toy-mean", "simplatform_toy.policies:Mean", config="simplatform_toy.policies:MeanConfig")


@hookimpl
def register_recipes(register):
    register(
        "toy", policy="toy", task="toy/point", settings={"train.steps": 40, "train.batch": 8, "train.log_every": 5}
    )
    register("toy-mean", policy="toy-mean", task="toy/point")


@hookimpl
def register_exports(register):
    register("toy-note", "simplatform_toy.extras:note", suffix=".md", help="the policy's kind and the run's first line")


@hookimpl
def register_report_sections(register):
    register("toy path", "simplatform_toy.extras:path_section")
    register("toy broken", "simplatform_toy.extras:broken_section")


@hookimpl
def register_callbacks(register):
    register("toy-counter", "simplatform_toy.extras:Counter")


@hookimpl
def register_formats(register):
    register("toy-table", "simplatform_toy.extras:TableFormat", help="one episode, a row a step")


@hookimpl
def register_commands(register):
    register("toy-hello", "simplatform_toy.extras:hello", help="Say hello.")


@hookimpl
def doctor(check):

    check("toy", lambda: Check(True, "the toy is fine"))
    check("toy broken", lambda: 1 / 0)
