"""Rectified flow with reflow on point clouds (Liu et al., 2023, arXiv:2209.03003), plain and improved."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register

SETTINGS = {"policy.widths": [32, 64, 128], "train.steps": 2500, "task.validation": 2}


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "rectified-flow",
        "simplatform.policies.manipulation.rectified_flow:RectifiedFlow",
        config="simplatform.policies.manipulation.rectified_flow:RectifiedFlowConfig",
        help="flow matching, then reflow on its own pairs; one step",
    )
    register(
        "rectified-flow++",
        "simplatform.policies.manipulation.rectified_flow:RectifiedFlowPP",
        config="simplatform.policies.manipulation.rectified_flow:RectifiedFlowPPConfig",
        help="reflow with U-shaped times and a robust metric; one step",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    for name in ("rectified-flow", "rectified-flow++"):
        register(name, policy=name, task="metaworld/dial-turn", settings=SETTINGS)
