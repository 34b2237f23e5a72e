"""One step of a PDE by a Fourier neural operator (Li et al., 2021, arXiv:2010.08895), that of neuraloperator."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "fno",
        "simplatform.policies.fields.fno:FNO",
        config="simplatform.policies.fields.fno:FNOConfig",
        help="a Fourier neural operator that forecasts fields of PDEs (extra fields)",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"train.steps": 2000, "train.batch": 32}
    register("fno", policy="fno", task="fields/kuramoto-sivashinsky", settings=settings)
