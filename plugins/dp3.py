"""DP3: 3D Diffusion Policy on point clouds (Ze et al., 2024, arXiv:2403.03954)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "dp3",
        "simplatform.policies.manipulation.dp3:DP3",
        config="simplatform.policies.manipulation.dp3:DP3Config",
        importer="simplatform.policies.manipulation.dp3:import_dp3",
        help="diffusion policy on point clouds, ten DDIM steps",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"policy.widths": [32, 64, 128], "train.steps": 2500, "task.validation": 2}
    register("dp3", policy="dp3", task="metaworld/dial-turn", settings=settings)
