"""MixER whose routing is told: what a perfect gate would be worth."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "oracle-routing",
        "simplatform.policies.dynamics.reconstruction.oracle:OracleRouting",
        config="simplatform.policies.dynamics.reconstruction.mixer:MixERConfig",
        help="mixture of experts that is told each system's family",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("oracle-routing", policy="oracle-routing", task="lotka-volterra", settings={"env.labels": True})
