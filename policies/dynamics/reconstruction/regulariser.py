"""Regularised neural ODEs: make the learned field cheap to integrate by penalising the solver's own error estimate.

ERNODE (Pal et al., 2021, arXiv:2105.03918) penalises it on all steps of the solution, LRNDE (Pal et al., 2023,
arXiv:2303.02262) on one step from a random time, whose state and step size are constants.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Generator, Tensor

from simplatform.policies.dynamics.reconstruction.data import Windows
from simplatform.policies.dynamics.reconstruction.experts import VectorField
from simplatform.solvers.tsit5 import AdaptiveTsit5, tsit5_step

FLOOR = 1e-12


def ernode(field: VectorField, windows: Windows, substeps: int, rtol: float, atol: float) -> Tensor:
    """Return the mean of E·h over Tsit5 steps of the windows' own solutions, 0-d; gradients go through all steps."""
    x, times = windows.states[:, :, 0], windows.times.permute(2, 0, 1)[..., None]
    terms, slope = [], field(x)
    for start, end in pairwise(times):
        h = (end - start) / substeps
        for _ in range(substeps):
            step = tsit5_step(lambda t, y: field(y), start, h, x, slope)
            terms.append((_norms(step.error, x, step.x, rtol, atol) * h[..., 0].abs()).mean())
            x, slope = step.x, step.slope
    return torch.stack(terms).mean()


def solution_ernode(solver: AdaptiveTsit5) -> Tensor:
    """Return the mean of E·h over the accepted steps of the solver's last solution, 0-d, differentiable."""
    return torch.stack([error * size for error, size in zip(solver.errors, solver.steps, strict=True)]).mean()


def lrnde(field: VectorField, states: Tensor, size: Tensor, rtol: float, atol: float, generator: Generator) -> Tensor:
    """Return E·h of one Tsit5 step of length ``size (R,)`` from a random one of ``states (R, n, d)``, 0-d.

    The published code takes the automatic first step size, which is so small that hardly anything is penalised; here it
    is what the caller says: the mean of the steps that an adaptive solve accepts.
    """
    pick = torch.randint(states.shape[1], (len(states), 1, 1), generator=generator).to(states.device)
    x = states.gather(1, pick.expand(-1, 1, states.shape[-1])).detach()
    h = size[:, None, None]
    step = tsit5_step(lambda t, y: field(y), h, h, x)
    return (_norms(step.error, x, step.x, rtol, atol) * h[..., 0].abs()).mean()


def _norms(error: Tensor, old: Tensor, new: Tensor, rtol: float, atol: float) -> Tensor:
    """Return the error in units of the tolerance, root mean square over components, ``(R, N)``."""
    scale = atol + rtol * torch.maximum(old.abs(), new.abs())
    return ((error / scale).square().mean(-1) + FLOOR).sqrt()
