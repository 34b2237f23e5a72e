"""LPINN: a physics-informed network in Lagrangian coordinates (Mojgani et al., 2023, arXiv:2205.02902)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "lpinn",
        "simplatform.policies.meshfree.lpinn:LPINN",
        config="simplatform.policies.meshfree.lpinn:LPINNConfig",
        help="characteristics and the solution along them, for what is carried fast",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("lpinn", policy="lpinn", task="pde/convection")
