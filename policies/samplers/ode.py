"""The probability-flow ODE dx/dt through the platform's ODE solvers; runs both ways in time.

With ``Midpoint`` this is RF-Solver (Wang et al., 2024, arXiv:2411.04746), whose Taylor step is the midpoint rule.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

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
        if isinstance(self.solver, ExplicitRungeKutta):
            found = _march(self.solver, denoiser, x, times)
        else:
            solved = self.solver.solve(
                lambda t, z: denoiser.velocity(z, float(t)), x, torch.tensor(times, dtype=torch.float64)
            )
            found = solved.states[-1]
            if not bool(solved.ok.all()):
                found = torch.full_like(found, torch.nan)
        if not torch.compiler.is_compiling() and not bool(torch.isfinite(found).all()):
            raise SolverError("samples became non-finite on their way from noise to data; take more steps")
        return found


def _march(solver: ExplicitRungeKutta, denoiser: Denoiser, x: Tensor, times: Sequence[float]) -> Tensor:
    """Return the last state; times stay plain numbers, so that the steps can be exported as one graph."""
    for s, t in pairwise(times):
        h = (t - s) / solver.substeps
        for index in range(solver.substeps):
            x = solver.step(lambda time, z: denoiser.velocity(z, float(time)), s + index * h, h, x)  # type: ignore[arg-type]  # plain numbers, see above
    return x


def rf_solver() -> ODESampler:
    """Return RF-Solver: the explicit midpoint rule."""
    return ODESampler(Midpoint())
