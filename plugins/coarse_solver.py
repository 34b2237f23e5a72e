"""The classical solver made cheap: what a surrogate must beat at equal error."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "coarse-solver",
        "simplatform.policies.fields.classical:CoarseSolver",
        config="simplatform.policies.fields.classical:CoarseSolverConfig",
        help="the task's own equation, solved coarsely",
        words="a coarser solver",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("coarse-solver", policy="coarse-solver", task="fields/kuramoto-sivashinsky")
