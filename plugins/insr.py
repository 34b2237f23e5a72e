"""INSR: a field held by a network whose weights march in time (Chen et al., 2023, arXiv:2210.00124)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "insr",
        "simplatform.policies.meshfree.insr:INSR",
        config="simplatform.policies.meshfree.insr:INSRConfig",
        help="time steps by optimisation of a sine network",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("insr", policy="insr", task="pde/advected-gaussian")
