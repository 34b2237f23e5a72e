"""The naive mixture of experts (Jacobs et al., 1991): all experts, weighed by a softmax gate that gets gradients."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    home = "simplatform.policies.dynamics.reconstruction.softmax"
    register(
        "moe-softmax",
        f"{home}:SoftmaxMixture",
        config=f"{home}:SoftmaxMixtureConfig",
        help="softmax-weighted sum of context-modulated vector fields",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("moe-softmax", policy="moe-softmax", task="lotka-volterra")
