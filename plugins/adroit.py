"""The Adroit hand with point clouds (Rajeswaran et al., 2018, arXiv:1709.10087), and a scripted expert for one task."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.contracts import Metric, Task
from simplatform.hooks import AddCheck, Register


@hookimpl
def register_envs(register: Register) -> None:
    register(
        "simplatform/Adroit-v0",
        "simplatform.envs.manipulation.adroit:AdroitEnv",
        help="Adroit hand: door, hammer, pen, relocate; point cloud, joints, 24-D to 30-D action",
    )


@hookimpl
def register_experts(register: Register) -> None:
    register(
        "adroit", "simplatform.envs.manipulation.adroit_expert:adroit_expert", help="scripted expert of Adroit relocate"
    )


@hookimpl
def register_tasks(register: Register) -> None:
    register(
        Task(
            "adroit/relocate", "simplatform/Adroit-v0", "adroit",
            (Metric("success", kind="rate", over="any", words="carries the ball to its goal"),),
            kwargs={"task": "relocate", "points": 512, "camera_size": 96},
            splits={"test": {"terminate_on_success": True}}, keep="success",
            opponents=("replay-nearest", "replay-first", "zero", "expert"), rivals=("dp3",),
            help="Adroit: grasp the ball and carry it to the goal",
        )
    )  # fmt: skip


@hookimpl
def doctor(check: AddCheck) -> None:
    from simplatform.plugin_host.doctor import package_check

    check("gymnasium-robotics", lambda: package_check("gymnasium_robotics", "adroit"))
