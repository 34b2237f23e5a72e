"""SINDy: sparse identification of polynomial dynamics (PySINDy)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "sindy",
        "simplatform.policies.dynamics.prediction.sindy:SINDy",
        config="simplatform.policies.dynamics.prediction.sindy:SINDyConfig",
        help="sparse identification of polynomial dynamics (PySINDy)",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("sindy", policy="sindy", task="lorenz")
