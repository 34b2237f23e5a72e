"""Reservoir: an echo state network with a linear readout (Jaeger, 2001)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "reservoir",
        "simplatform.policies.dynamics.prediction.reservoir:Reservoir",
        config="simplatform.policies.dynamics.prediction.reservoir:ReservoirConfig",
        help="an echo state network, warmed up from short windows",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("reservoir", policy="reservoir", task="lorenz")
