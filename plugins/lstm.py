"""LSTM: a recurrent network in closed loop (Hochreiter & Schmidhuber, 1997; Vlachas et al., 2018)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "lstm",
        "simplatform.policies.dynamics.prediction.lstm:LSTM",
        config="simplatform.policies.dynamics.prediction.lstm:LSTMConfig",
        help="a recurrent network that the window warms up",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("lstm", policy="lstm", task="lorenz")
