"""Persistence, the predictor that every other one must beat."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "persistence",
        "simplatform.policies.dynamics.prediction.persistence:Persistence",
        config="simplatform.policies.dynamics.prediction.persistence:PersistenceConfig",
        help="predicts the newest state",
        words="repeating the newest state",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register(
        "persistence", policy="persistence", task="lorenz", settings={"task.demonstrations": 0, "task.validation": 0}
    )
