"""The platform's own ODE solvers."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_solvers(register: Register) -> None:
    for name, attribute, help in (
        ("euler", "Euler", "first order, 1 evaluation a step"),
        ("midpoint", "Midpoint", "second order, 2 evaluations a step"),
        ("heun", "Heun", "second order, 2 evaluations a step"),
        ("rk4", "RK4", "fourth order, 4 evaluations a step"),
        ("rkc", "RKC", "second order, stabilised for diffusion: as many evaluations a step as stages"),
        ("tsit5", "Tsit5", "fifth order, 6 evaluations a step"),
        ("dop853", "DOP853", "eighth order, 12 evaluations a step"),
        ("tsit5-adaptive", "AdaptiveTsit5", "adaptive, order 5(4), error estimates that gradients go through"),
        ("dopri5", "Dopri5", "adaptive, order 5(4), through torchdiffeq"),
    ):
        register(name, f"simplatform.solvers:{attribute}", kind="ode", help=help)
