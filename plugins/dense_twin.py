"""DenseTwin: the structured predictor with ordinary matrices."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "dense-twin",
        "simplatform.policies.dynamics.prediction.dense_twin:DenseTwin",
        config="simplatform.policies.dynamics.prediction.dense_twin:DenseTwinConfig",
        help="the structured predictor with ordinary matrices",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("dense-twin", policy="dense-twin", task="lorenz")
