"""MLP: a perceptron over the delay window, trained as the structured predictor."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "mlp",
        "simplatform.policies.dynamics.prediction.mlp:MLP",
        config="simplatform.policies.dynamics.prediction.mlp:MLPConfig",
        help="a perceptron over the delay window, trained as the structured predictor",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("mlp", policy="mlp", task="lorenz")
