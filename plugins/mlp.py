"""MLP: a perceptron over the delay window, trained as the structured predictor."""

from __future__ import annotations

from simplatform import hookimpl


@hookimpl
def register_policies(register):
    register(
        "mlp",
        "simplatform.policies.dynamics.prediction.mlp:MLP",
        config="simplatform.policies.dynamics.prediction.mlp:MLPConfig",
        help="a perceptron over the delay window, trained as the structured predictor",
    )


@hookimpl
def register_recipes(register):
    register("mlp", policy="mlp", task="lorenz")
