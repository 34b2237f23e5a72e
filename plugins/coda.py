"""CoDA, a single meta-learner (Kirchmeyer et al., 2022, arXiv:2202.01889)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    home = "simplatform.policies.dynamics.reconstruction.contextual"
    register(
        "coda",
        f"{home}:CoDAPolicy",
        config=f"{home}:ContextualConfig",
        help="one network whose weights move linearly with a context (not the agent CODA, whose rule is `two-level`)",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("coda", policy="coda", task="lotka-volterra")
