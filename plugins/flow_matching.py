"""Conditional flow matching on point clouds, any sampler (Lipman et al., 2023, arXiv:2210.02747)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "flow-matching",
        "simplatform.policies.manipulation.flow_matching:FlowMatching",
        config="simplatform.policies.manipulation.flow_matching:FlowMatchingConfig",
        help="flow matching on point clouds, any sampler and number of evaluations",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"policy.widths": [32, 64, 128], "train.steps": 2500, "task.validation": 2}
    register("flow-matching", policy="flow-matching", task="metaworld/dial-turn", settings=settings)
