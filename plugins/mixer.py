"""MixER: mixture of context-modulated experts (Nzoyem et al., 2025, arXiv:2502.05335)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_policies(register: Register) -> None:
    register(
        "mixer",
        "simplatform.policies.dynamics.reconstruction.mixer:MixER",
        config="simplatform.policies.dynamics.reconstruction.mixer:MixERConfig",
        help="mixture of context-modulated vector fields",
    )


@hookimpl
def register_recipes(register: Register) -> None:
    settings = {"policy.experts": 4, "policy.width": 32, "policy.steps": 600, "policy.finish": 300, "policy.refine": 25}
    register("mixer", policy="mixer", task="odebench-4", settings=settings)


@hookimpl
def register_report_sections(register: Register) -> None:
    register("reconstruction", "simplatform.policies.dynamics.reconstruction.figures:reconstruction_section")
