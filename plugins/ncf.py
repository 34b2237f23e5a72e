"""Neural context flow, a single meta-learner (Nzoyem et al., 2025, arXiv:2405.02154)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    home = "simplatform.policies.dynamics.reconstruction.contextual"
    register(
        "ncf", f"{home}:NCFPolicy", config=f"{home}:NCFConfig", help="one neural context flow for all environments"
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("ncf", policy="ncf", task="lotka-volterra")
