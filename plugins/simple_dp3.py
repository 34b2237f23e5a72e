"""Simple-DP3: DP3 with half of the residual blocks (Ze et al., 2024, arXiv:2403.03954)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "simple-dp3",
        "simplatform.policies.manipulation.dp3:SimpleDP3",
        config="simplatform.policies.manipulation.dp3:SimpleDP3Config",
        importer="simplatform.policies.manipulation.dp3:import_simple_dp3",
        help="smaller diffusion policy on point clouds, ten DDIM steps",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"policy.widths": [32, 64, 96], "train.steps": 2500, "task.validation": 2}
    register("simple-dp3", policy="simple-dp3", task="metaworld/dial-turn", settings=settings)
