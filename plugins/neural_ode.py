"""A neural ODE, one for all environments (Chen et al., 2018, arXiv:1806.07366): the baseline that adapts to nothing."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "neural-ode",
        "simplatform.policies.dynamics.reconstruction.contextual:NeuralODE",
        config="simplatform.policies.dynamics.reconstruction.reconstructor:ReconstructorConfig",
        help="one vector field for all environments, without contexts",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("neural-ode", policy="neural-ode", task="lotka-volterra")
