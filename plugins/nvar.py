"""NVAR: a polynomial of lagged states by ridge regression (Gauthier et al., 2021)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "nvar",
        "simplatform.policies.dynamics.prediction.nvar:NVAR",
        config="simplatform.policies.dynamics.prediction.nvar:NVARConfig",
        help="a polynomial of lagged states, by ridge regression",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("nvar", policy="nvar", task="lorenz")
