"""A refiner of PDE forecasts that needs one call: its own refined forecasts teach it (no paper; see its module)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "one-call-refiner",
        "simplatform.policies.fields.one_call:OneCall",
        config="simplatform.policies.fields.one_call:OneCallConfig",
        help="PDE-Refiner, taught to give its refined forecast in one call",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"train.steps": 5000, "train.batch": 32, "train.lr": 2e-3, "policy.minimum": 1e-2}
    register("one-call-refiner", policy="one-call-refiner", task="fields/kuramoto-sivashinsky", settings=settings)
