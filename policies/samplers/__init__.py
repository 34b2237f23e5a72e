"""Samplers of diffusion and flow models: noise to data with few network evaluations.

``get_sampler("dpm++2m").generate(denoiser, noise, nfe=8)``; the names of ODE solvers work as well.
"""

from __future__ import annotations

from simplatform.policies.samplers.base import Sampler, grid
from simplatform.policies.samplers.bdia import BDIA
from simplatform.policies.samplers.ddim import DDIM
from simplatform.policies.samplers.deis import DEIS
from simplatform.policies.samplers.denoiser import AverageVelocityError, BudgetExceeded, Denoiser
from simplatform.policies.samplers.dpm_solver import DPMSolver2, DPMSolver3
from simplatform.policies.samplers.dpm_solver_pp import DPMSolverPP2M, DPMSolverPP2S, DPMSolverPP3M
from simplatform.policies.samplers.dpm_solver_v3 import DPMSolverV3, Statistics
from simplatform.policies.samplers.exponential import Schedule, Scheduled
from simplatform.policies.samplers.ode import ODESampler
from simplatform.policies.samplers.path import Levels, LinearVP, Path, Straight
from simplatform.policies.samplers.plms import PLMS
from simplatform.policies.samplers.pndm import PNDM
from simplatform.policies.samplers.skipping import SADA

__all__ = [
    "BDIA", "DDIM", "DEIS", "PLMS", "PNDM", "SADA", "AverageVelocityError", "BudgetExceeded", "DPMSolver2",
    "DPMSolver3", "DPMSolverPP2M", "DPMSolverPP2S", "DPMSolverPP3M", "DPMSolverV3", "Denoiser", "Levels", "LinearVP",
    "ODESampler", "Path", "Sampler", "Schedule", "Scheduled", "Statistics", "Straight", "get_sampler", "grid",
    "sampler_names",
]  # fmt: skip


def get_sampler(name: str) -> Sampler:
    """Return a sampler by name: a registered one, or an ODE solver.

    ``usf:FILE`` and ``dpm-v3:FILE`` take what ``simplatform calibrate`` wrote.

    Raises:
        UnknownName: nothing of that name; near names are suggested.
        ConfigError: the name belongs to a solver of another kind, or a file is missing behind it, or too much.
    """
    from simplatform.errors import ConfigError, UnknownName
    from simplatform.plugin_host.host import get_host
    from simplatform.solvers import get_solver

    name, _, file = name.partition(":")
    registry = get_host().registry("solver")
    if name not in registry:
        raise UnknownName("sampler", name, [entry.name for entry in registry])
    extra = registry.get(name).extra
    if bool(extra.get("file")) != bool(file):
        raise ConfigError(f"sampler {name!r} takes {'a' if extra.get('file') else 'no'} file: {name}:FILE")
    if extra.get("kind") == "sampler":
        sampler: Sampler = registry.get(name).load()(*[file] if file else [])
        return sampler
    return ODESampler(get_solver(name))


def sampler_names() -> list[str]:
    """Return the names of the registered samplers that need no file; ODE solvers are not among them."""
    from simplatform.plugin_host.host import get_host

    entries = get_host().registry("solver")
    return [entry.name for entry in entries if entry.extra.get("kind") == "sampler" and not entry.extra.get("file")]
