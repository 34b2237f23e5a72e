"""Rectified diffusion on point clouds (Wang et al., 2024, arXiv:2410.07303)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "rectified-diffusion",
        "simplatform.policies.manipulation.rectified_diffusion:RectifiedDiffusion",
        config="simplatform.policies.manipulation.rectified_diffusion:RectifiedDiffusionConfig",
        help="diffusion trained again on pairs of its own noise and answers; one step",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"policy.widths": [32, 64, 128], "train.steps": 2500, "task.validation": 2}
    register("rectified-diffusion", policy="rectified-diffusion", task="metaworld/dial-turn", settings=settings)
