"""GEPS, a single meta-learner (Koupaï et al., 2024, arXiv:2410.23889)."""

from __future__ import annotations

from simplatform import hookimpl


@hookimpl
def register_policies(register):
    home = "simplatform.policies.dynamics.contextual"
    register(
        "geps",
        f"{home}:GEPSPolicy",
        config=f"{home}:ContextualConfig",
        help="one network whose layers a context modulates at low rank",
    )


@hookimpl
def register_recipes(register):
    register("geps", policy="geps", task="lotka-volterra")
