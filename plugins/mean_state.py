"""The mean of the training data: with persistence, the predictor that every other one must beat."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    home = "simplatform.policies.dynamics.prediction.mean"
    help = "predicts the mean of the training data"
    register(
        "mean-state", f"{home}:MeanState", config=f"{home}:MeanStateConfig", help=help, words="the mean of the data"
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("mean-state", policy="mean-state", task="lorenz")
