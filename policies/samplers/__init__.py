"""Samplers of diffusion and flow models: noise to data with few network evaluations.

``get_sampler("dpm++2m").generate(denoiser, noise, nfe=8)``; the names of ODE solvers work as well.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from simplatform.policies.samplers.base import Sampler, grid
from simplatform.policies.samplers.bdia import BDIA
from simplatform.policies.samplers.ddim import DDIM
from simplatform.policies.samplers.deis import DEIS
from simplatform.policies.samplers.denoiser import AverageVelocityError, BudgetExceeded, Denoiser
from simplatform.policies.samplers.dpm_solver import DPMSolver2, DPMSolver3
from simplatform.policies.samplers.dpm_solver_pp import DPMSolverPP2M, DPMSolverPP2S, DPMSolverPP3M
from simplatform.policies.samplers.ode import ODESampler
from simplatform.policies.samplers.path import Levels, LinearVP, Path, Straight
from simplatform.policies.samplers.plms import PLMS

__all__ = [
    "BDIA", "DDIM", "DEIS", "PLMS", "SAMPLERS", "AverageVelocityError", "BudgetExceeded", "DPMSolver2", "DPMSolver3",
    "DPMSolverPP2M", "DPMSolverPP2S", "DPMSolverPP3M", "Denoiser", "Levels", "LinearVP", "ODESampler", "Path",
    "Sampler", "Straight", "get_sampler", "grid",
]  # fmt: skip

SAMPLERS: dict[str, Callable[[], Sampler]] = {
    "ddim": DDIM, "dpm1": DDIM, "dpm2": DPMSolver2, "dpm3": DPMSolver3,
    "dpm++2s": DPMSolverPP2S, "dpm++2m": DPMSolverPP2M, "dpm++3m": DPMSolverPP3M,
    "deis-tab1": partial(DEIS, 1), "deis-tab2": partial(DEIS, 2), "deis-tab3": partial(DEIS, 3),
    "plms": PLMS, "bdia": BDIA,
}  # fmt: skip


def get_sampler(name: str) -> Sampler:
    """Return a sampler by name: one of ours, a registered one, or an ODE solver ("rf-solver" is "midpoint").

    Raises:
        UnknownName: nothing of that name; near names are suggested.
        ConfigError: the name belongs to a solver of another kind.
    """
    if name in SAMPLERS:
        return SAMPLERS[name]()
    from simplatform.errors import UnknownName
    from simplatform.host import get_host
    from simplatform.solvers import get_solver

    name = "midpoint" if name == "rf-solver" else name
    registry = get_host().registry("solver")
    if name not in registry:
        raise UnknownName("sampler", name, [*SAMPLERS, *(entry.name for entry in registry)])
    if registry.get(name).extra.get("kind") == "sampler":
        sampler: Sampler = registry.get(name).load()()
        return sampler
    return ODESampler(get_solver(name))
