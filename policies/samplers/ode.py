"""The probability-flow ODE dx/dt through the platform's ODE solvers; runs both ways in time.

With ``Midpoint`` this is RF-Solver (Wang et al., 2024, arXiv:2411.04746), whose Taylor step is the midpoint rule.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from simplatform.errors import SolverError
from simplatform.policies.samplers.base import Sampler, Spacing
from simplatform.policies.samplers.denoiser import Denoiser
from simplatform.solvers import Midpoint, ODESolver
from simplatform.solvers.runge_kutta import ExplicitRungeKutta


class ODESampler(Sampler):
    """Any ODE solver as a sampler; an adaptive one takes the evaluations that its tolerances need."""

    spacing: Spacing = "time"

    def __init__(self, solver: ODESolver) -> None:
        self.solver, self.order = solver, solver.order
        self.adaptive = not isinstance(solver, ExplicitRungeKutta)
        self.evaluations = len(solver.b) * solver.substeps if isinstance(solver, ExplicitRungeKutta) else 1

    def steps(self, nfe: int) -> int:
        """Return how many steps ``nfe`` evaluations pay; one interval for an adaptive solver."""
        return 1 if self.adaptive else super().steps(nfe)

    def invert(self, denoiser: Denoiser, x: Tensor, times: Sequence[float]) -> Tensor:
        """Return the state at ``times[0]`` (noise) from ``x`` at ``times[-1]`` (data)."""
        return self._sample(denoiser, x, times[::-1])

    def _sample(self, denoiser: Denoiser, x: Tensor, times: Sequence[float]) -> Tensor:
        found = self.solver.solve(
            lambda t, z: denoiser.velocity(z, float(t)), x, torch.tensor(times, dtype=torch.float64)
        )
        if not bool(found.ok.all()):
            raise SolverError(f"{int((~found.ok).sum())} of {len(x)} samples became non-finite; take more steps")
        return found.states[-1]


def rf_solver() -> ODESampler:
    """Return RF-Solver: the explicit midpoint rule."""
    return ODESampler(Midpoint())
