"""HAVOK: linear delay coordinates with intermittent forcing (PyDMD)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "havok",
        "simplatform.policies.dynamics.prediction.havok:HAVOK",
        config="simplatform.policies.dynamics.prediction.havok:HAVOKConfig",
        help="linear delay coordinates with intermittent forcing (PyDMD)",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("havok", policy="havok", task="lorenz", settings={"env.window": 32})
