"""What the plugin gives: one policy, and the recipe that `simplatform run --plugin nearest` starts."""

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "nearest",
        "simplatform_nearest.policy:Nearest",
        config="simplatform_nearest.policy:NearestConfig",
        help="does what the expert did in the most similar demonstrated state",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("nearest", policy="nearest", task="metaworld/drawer-open")
