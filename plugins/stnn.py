"""StNN-style Hankel predictor, after Aluvihare et al. (2025, arXiv:2503.23697)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "stnn",
        "simplatform.policies.dynamics.prediction.stnn:StNN",
        config="simplatform.policies.dynamics.prediction.stnn:StNNConfig",
        help="gated block-Hankel layer over a delay window",
    )
    register(
        "stnn-latent",
        "simplatform.policies.dynamics.prediction.latent:LatentStNN",
        config="simplatform.policies.dynamics.prediction.latent:LatentStNNConfig",
        help="a state of its own, hidden components included, that block-Hankel layers read from the window",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("stnn", policy="stnn", task="lorenz")
    register("stnn-latent", policy="stnn-latent", task="lorenz-x", settings={"env.window": 96})
    field = {"delays": 1, "over": "space", "stencil": 12, "depth": 2, "jitter": 1e-4, "varpro_steps": 100}
    settings = {f"policy.{name}": value for name, value in field.items()}
    register("stnn-kuramoto-sivashinsky", policy="stnn", task="kuramoto-sivashinsky", settings=settings)
