"""PDE-Refiner: forecasts of PDEs, refined at ever smaller amplitudes (Lippe et al., 2023, arXiv:2308.05732)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "pde-refiner",
        "simplatform.policies.fields.refiner:Refiner",
        config="simplatform.policies.fields.refiner:RefinerConfig",
        help="a U-Net that refines its own forecast of a PDE, K + 1 calls a frame",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"train.steps": 3000, "train.batch": 32, "train.lr": 2e-3, "policy.minimum": 1e-2}
    register("pde-refiner", policy="pde-refiner", task="fields/kuramoto-sivashinsky", settings=settings)
