"""PIG: physics-informed Gaussians, a solution whose mesh is made of Gaussians that move (arXiv:2412.05994)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "pig",
        "simplatform.policies.meshfree.pig:PIG",
        config="simplatform.policies.meshfree.pig:PIGConfig",
        help="a solution made of Gaussians that move, trained on the equation alone",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("pig", policy="pig", task="pde/helmholtz")
