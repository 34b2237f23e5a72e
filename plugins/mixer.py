"""MixER: mixture of context-modulated experts (Nzoyem et al., 2025, arXiv:2502.05335)."""

from __future__ import annotations

from simplatform import hookimpl


@hookimpl
def register_policies(register):
    register(
        "mixer",
        "simplatform.policies.dynamics.mixer:MixER",
        config="simplatform.policies.dynamics.mixer:MixERConfig",
        help="mixture of context-modulated vector fields",
    )


@hookimpl
def register_recipes(register):
    register("mixer", policy="mixer", task="lotka-volterra")
