"""GEPS, a single meta-learner (Koupaï et al., 2024, arXiv:2410.23889)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    home = "simplatform.policies.dynamics.reconstruction.contextual"
    register(
        "geps",
        f"{home}:GEPSPolicy",
        config=f"{home}:ContextualConfig",
        help="one network whose layers a context modulates at low rank",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("geps", policy="geps", task="lotka-volterra")
    # Fields: so many steps between samples that the truth itself would be stable.
    size = {"policy.width": 16, "policy.depth": 3, "policy.resolve": 0.0, "policy.adapt_steps": 5}
    steps = {"policy.solver": "rkc", "policy.stages": 4, "policy.substeps": 10}
    train = {"policy.steps": 100, "policy.windows": 32, "policy.finish": 200}
    reaction = {**size, **steps, **train, "policy.refine": 0}
    register("geps-gray-scott", policy="geps", task="gray-scott", settings=reaction)
    sees = {"policy.substeps": 6, "policy.filters": 5, "policy.modes": 10, "policy.forced": True}
    train = {"policy.match": 300, "policy.steps": 0, "policy.finish": 60, "policy.finish_windows": 144}
    flow = {**size, **sees, **train, "policy.refine": 5}
    register("geps-navier-stokes", policy="geps", task="navier-stokes", settings=flow)
