"""Context parroting: repeat what followed the nearest moment of the past (Zhang & Gilpin, 2025, arXiv:2505.11349)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "context-parroting",
        "simplatform.policies.dynamics.prediction.parroting:Parroting",
        config="simplatform.policies.dynamics.prediction.parroting:ParrotingConfig",
        help="repeats what followed the nearest moment of the training data",
        words="repeating the nearest past",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("context-parroting", policy="context-parroting", task="lorenz")
