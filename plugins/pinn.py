"""The plain physics-informed network, which every other mesh-free method must beat (Raissi et al., 2019)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "pinn",
        "simplatform.policies.meshfree.pinn:PINN",
        config="simplatform.policies.meshfree.pinn:PINNConfig",
        help="a tanh network trained on the equation's residual",
        words="a plain network",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("pinn", policy="pinn", task="pde/helmholtz")
