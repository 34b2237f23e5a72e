"""Glance: a one-evaluation policy of this platform's own, from the hand's point of view."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "glance",
        "simplatform.policies.manipulation.glance:Glance",
        config="simplatform.policies.manipulation.glance:GlanceConfig",
        help="one evaluation per look, from the hand's point of view",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"train.steps": 2500, "task.validation": 2}
    register("glance", policy="glance", task="metaworld/dial-turn", settings=settings)
