"""scOT of Poseidon: all pairs of frames teach one network (Herde et al., 2024, arXiv:2405.19101)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "scot",
        "simplatform.policies.fields.scot:ScOTPolicy",
        config="simplatform.policies.fields.scot:ScOTConfig",
        importer="simplatform.policies.fields.poseidon:import_poseidon",
        help="a Swin transformer that forecasts fields over any lead time",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"train.steps": 1000, "train.batch": 8, "train.lr": 4e-3}
    register("scot", policy="scot", task="fields/navier-stokes", settings=settings)
