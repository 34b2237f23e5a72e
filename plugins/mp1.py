"""MP1: one-step MeanFlow policy on point clouds (Sheng et al., 2025, arXiv:2507.10543)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "mp1",
        "simplatform.policies.manipulation.mp1:MP1",
        config="simplatform.policies.manipulation.mp1:MP1Config",
        importer="simplatform.policies.manipulation.mp1:import_official",
        help="one-step MeanFlow policy on point clouds",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"policy.widths": [32, 64, 128], "train.steps": 2500, "task.validation": 2}
    register("mp1", policy="mp1", task="metaworld/dial-turn", settings=settings)
