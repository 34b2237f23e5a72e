"""SineNet: small U-Nets in sequence, for fields that are carried along (Zhang et al., ICLR 2024)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "sinenet",
        "simplatform.policies.fields.sinenet:SineNetPolicy",
        config="simplatform.policies.fields.sinenet:SineNetConfig",
        help="small U-Nets, one after the other, that forecast fields of PDEs",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"train.steps": 1000, "train.batch": 8, "train.lr": 4e-3}
    register("sinenet", policy="sinenet", task="fields/navier-stokes", settings=settings)
