"""Persistence of fields: the next one is the newest one."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "field-persistence",
        "simplatform.policies.fields.persistence:FieldPersistence",
        config="simplatform.policies.fields.persistence:PersistenceConfig",
        help="the next field is the newest one",
        words="repeating the newest field",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("field-persistence", policy="field-persistence", task="fields/kuramoto-sivashinsky")
