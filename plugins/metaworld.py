"""Meta-World's 50 tasks with point clouds and scripted experts (Yu et al., 2020, arXiv:1910.10897)."""

from __future__ import annotations

from dataclasses import replace

from simplatform import hookimpl
from simplatform.contracts import Metric, Task
from simplatform.envs.manipulation.tasks import DOES, GROUPS, SKILLS, TASKS
from simplatform.hooks import AddCheck, Register

SEEN = {"points": 512, "camera_size": 96, "crop": "workspace"}
"""What tasks see, spelt out so that demonstrations are cached by it."""
OPPONENTS = ("replay-nearest", "replay-first", "zero", "expert")


@hookimpl
def register_envs(register: Register) -> None:
    register(
        "simplatform/MetaWorld-v0",
        "simplatform.envs.manipulation.metaworld:MetaWorldEnv",
        help="Meta-World's 50 Sawyer tasks: point cloud, robot state, 4-D action",
    )
    register(
        "simplatform/MetaWorldSequence-v0",
        "simplatform.envs.manipulation.sequence:MetaWorldSequenceEnv",
        help="Meta-World tasks one after the other, and nobody says which is next",
    )


@hookimpl
def register_experts(register: Register) -> None:
    register(
        "metaworld", "simplatform.envs.manipulation.experts:metaworld_expert", help="Meta-World's scripted experts"
    )
    register(
        "metaworld-sequence", "simplatform.envs.manipulation.sequence:sequence_expert",
        help="the scripted expert of whichever task is to be done",
    )  # fmt: skip


@hookimpl
def register_tasks(register: Register) -> None:
    for group, tasks in GROUPS.items():
        for task in tasks:
            register(_task(task, group))
        register(_together(group.replace(" ", "-"), tasks))
    register(_together("all", TASKS))
    register(_together("three-skills", SKILLS))
    register(_in_turn("three-in-turn", SKILLS))


@hookimpl
def register_report_sections(register: Register) -> None:
    register("film", "simplatform.envs.manipulation.figures:film_section", help="an episode as film and filmstrip")
    register("clouds", "simplatform.envs.manipulation.figures:cloud_section", help="point clouds with action chunks")


@hookimpl
def doctor(check: AddCheck) -> None:
    from simplatform.envs.manipulation import doctor as checks

    check("mujoco", checks.mujoco)
    check("point clouds", checks.ray_casting)
    check("open gl", checks.gl)
    check("open3d", checks.open3d)


def _together(name: str, tasks: tuple[str, ...]) -> Task:
    """Return the task of doing all of these with one policy, ten demonstrations and as many test episodes each."""
    first = _task(tasks[0], name)
    return replace(
        first, name=f"metaworld/{name}", metrics=(replace(first.metric, words="does the task that it is told"),),
        kwargs={**SEEN, "among": list(tasks)}, variants=tuple({"task": task} for task in tasks),
        demonstrations=10 * len(tasks), episodes=10 * len(tasks), opponents=("zero", "expert"),
        help=f"{len(tasks)} tasks of Meta-World by one policy, which is told which it is",
    )  # fmt: skip


def _in_turn(name: str, tasks: tuple[str, ...]) -> Task:
    """Return the task of doing all of these one after the other, in any rotation, without being told which is next."""
    metrics = (
        Metric("success", kind="rate", over="any", words="does all of its tasks"),
        Metric("done", words="share done"),
    )
    return Task(
        f"metaworld/{name}", "simplatform/MetaWorldSequence-v0", "metaworld-sequence", metrics,
        kwargs={"skills": list(tasks), **SEEN}, keep="success", opponents=("zero", "expert"), demonstrations=12,
        variants=tuple({"order": [*tasks[i:], *tasks[:i]]} for i in range(len(tasks))), episodes=30,
        splits={"train": {"told": True}, "validation": {"told": True}},
        help=f"{len(tasks)} tasks of Meta-World in turn, in three orders; demonstrations show which, tests do not",
    )  # fmt: skip


def _task(task: str, group: str) -> Task:
    success = Metric("success", kind="rate", over="any", words=DOES[task])
    return Task(
        f"metaworld/{task}", "simplatform/MetaWorld-v0", "metaworld", (success,),
        kwargs={"task": task, **SEEN}, splits={"test": {"terminate_on_success": True}}, keep="success",
        opponents=OPPONENTS, rivals=("dp3",),
        help=f"Meta-World {task} ({group})",
    )  # fmt: skip
