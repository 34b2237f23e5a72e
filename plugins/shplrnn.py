"""Hierarchical shallow PLRNN, a map for time series (Brenner et al., 2025, arXiv:2410.04814)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    home = "simplatform.policies.dynamics.reconstruction.contextual"
    help = "piecewise-linear map from sample to sample, set by a context"
    register("shplrnn", f"{home}:SHPLRNNPolicy", config=f"{home}:ContextualConfig", help=help)


@hookimpl
def register_recipes(register: Register) -> None:
    register("shplrnn", policy="shplrnn", task="lotka-volterra")
