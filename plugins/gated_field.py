"""A sparse field of gates whose structure is found from data."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "gated-field",
        "simplatform.policies.dynamics.prediction.gated_field:GatedField",
        config="simplatform.policies.dynamics.prediction.gated_field:GatedFieldConfig",
        help="a sparse field of gates: library, terms and form found from data, weights polished on trajectories",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("gated-field", policy="gated-field", task="lorenz")
