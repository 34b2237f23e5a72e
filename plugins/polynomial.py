"""Polynomial: a field of each system alone, by spline slopes and Gauss-Newton."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    home = "simplatform.policies.dynamics.reconstruction.polynomial"
    register(
        "polynomial",
        f"{home}:PolynomialField",
        config=f"{home}:PolynomialConfig",
        help="a polynomial field for each system alone",
        words="a polynomial per system",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("polynomial", policy="polynomial", task="odebench-4")
