"""FlowPolicy: consistency flow matching on point clouds (Zhang et al., 2024, arXiv:2412.04987)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "flowpolicy",
        "simplatform.policies.manipulation.flowpolicy:FlowPolicy",
        config="simplatform.policies.manipulation.flowpolicy:FlowPolicyConfig",
        importer="simplatform.policies.manipulation.flowpolicy:import_official",
        help="consistency flow matching on point clouds, one step",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"policy.widths": [32, 64, 128], "train.steps": 2500, "task.validation": 2}
    register("flowpolicy", policy="flowpolicy", task="metaworld/dial-turn", settings=settings)
