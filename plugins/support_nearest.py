"""The support trajectory that starts nearest: what every reconstructor must beat."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    home = "simplatform.policies.dynamics.reconstruction.support"
    register(
        "support-nearest",
        f"{home}:NearestSupport",
        config=f"{home}:SupportConfig",
        help="repeats the support trajectory that starts nearest",
        words="repeating the nearest trajectory",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("support-nearest", policy="support-nearest", task="odebench-4")
