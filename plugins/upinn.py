"""UPINN: what is not known of a right-hand side (Podina, Eastman & Kohandel, 2023, arXiv:2307.05107)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register

HOME = "simplatform.policies.dynamics.upinn"


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "upinn",
        f"{HOME}.policy:UPINN",
        config=f"{HOME}.policy:UPINNConfig",
        help="terms that are missing in your equations, from few noisy points, read off as a formula",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    register("upinn", policy="upinn", task="lotka-volterra-hidden")


@hookimpl
def register_report_sections(register: Register) -> None:
    register("hidden-terms", f"{HOME}.told:hidden_section")


@hookimpl
def register_exports(register: Register) -> None:
    register("formula", f"{HOME}.told:formula", suffix=".txt", help="hidden terms with their intervals")
