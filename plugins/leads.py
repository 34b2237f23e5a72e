"""LEADS: a common vector field plus one of each environment's own (Yin et al., 2021, arXiv:2106.04546)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    home = "simplatform.policies.dynamics.reconstruction.leads"
    help = "common vector field plus one of each environment's own"
    register("leads", f"{home}:LEADS", config=f"{home}:LEADSConfig", help=help)


@hookimpl
def register_recipes(register: Register) -> None:
    register("leads", policy="leads", task="lotka-volterra", settings={"env.labels": True})
