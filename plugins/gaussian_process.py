"""Gaussian process of the increment (Rasmussen & Williams, 2006)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "gaussian-process",
        "simplatform.policies.dynamics.prediction.gaussian_process:GaussianProcess",
        config="simplatform.policies.dynamics.prediction.gaussian_process:GaussianProcessConfig",
        help="a Gaussian process of the increment, one per system",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("gaussian-process", policy="gaussian-process", task="lorenz")
