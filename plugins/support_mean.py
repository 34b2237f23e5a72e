"""The mean of the support trajectories: what every reconstructor must beat."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    home = "simplatform.policies.dynamics.reconstruction.support"
    register(
        "support-mean",
        f"{home}:MeanSupport",
        config=f"{home}:SupportConfig",
        help="the mean of the support trajectories",
        words="the mean of what was seen",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("support-mean", policy="support-mean", task="odebench-4")
