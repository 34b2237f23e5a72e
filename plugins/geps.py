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
    # Fields: steps between samples as small as the diffusion of a three-point stencil needs to be stable.
    size = {"policy.width": 16, "policy.depth": 3, "policy.substeps": 16}
    train = {"policy.steps": 150, "policy.windows": 16, "policy.finish": 100, "policy.refine": 4}
    register("geps-gray-scott", policy="geps", task="gray-scott", settings={**size, **train, "policy.adapt_steps": 5})
    size = {"policy.width": 24, "policy.depth": 3, "policy.substeps": 3, "policy.filters": 4, "policy.forced": True}
    train = {"policy.steps": 250, "policy.windows": 32, "policy.finish": 100, "policy.refine": 5}
    register(
        "geps-navier-stokes", policy="geps", task="navier-stokes", settings={**size, **train, "policy.adapt_steps": 5}
    )
