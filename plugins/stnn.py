"""StNN-style Hankel predictor, after Aluvihare et al. (2025, arXiv:2503.23697)."""

from __future__ import annotations

from simplatform import hookimpl


@hookimpl
def register_policies(register):
    register(
        "stnn",
        "simplatform.policies.predictors.stnn:StNN",
        config="simplatform.policies.predictors.stnn:StNNConfig",
        help="gated block-Hankel layer over a delay window",
    )


@hookimpl
def register_recipes(register):
    register("stnn", policy="stnn", task="lorenz")
