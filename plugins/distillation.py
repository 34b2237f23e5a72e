"""Consistency distillation of diffusion policies: in segments (Hyper-SD), along sub-paths (SLAM)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "consistency-distillation",
        "simplatform.policies.manipulation.distillation:ConsistencyDistillation",
        config="simplatform.policies.manipulation.distillation:SegmentedConfig",
        help="DP3 distilled to one to four steps, in segments of its trajectory",
    )
    register(
        "sub-path-linear",
        "simplatform.policies.manipulation.distillation:SubPathLinear",
        config="simplatform.policies.manipulation.distillation:SubPathLinearConfig",
        help="DP3 distilled to one to four steps, along linear sub-paths",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"policy.widths": [32, 64, 128], "train.steps": 2500, "task.validation": 2}
    for name in ("consistency-distillation", "sub-path-linear"):
        register(name, policy=name, task="metaworld/dial-turn", settings=settings)
