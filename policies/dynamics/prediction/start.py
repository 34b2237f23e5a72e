"""The start of a prediction from a whole window: the trajectory of a polynomial field that passes nearest to it."""

from __future__ import annotations

import torch
from torch import Tensor

from simplatform.policies.dynamics.polynomials import Basis, flow, tangent_flow

ITERATIONS = 8
TINY = 1e-12
"""Added to the normal equations, for directions that the window does not tell."""
FIRST_DAMPING = 1e-3


def fitted_end(basis: Basis, weights: Tensor, windows: Tensor, substeps: int) -> Tensor:
    """Return the last states ``(K, B, d)`` of the trajectories that fit windows ``(K, B, q, d)`` best.

    Levenberg and Marquardt's steps on the window's first state, with the field ``x' = φ(x) W``, W ``(K, F, d)``, as a
    strong constraint. A step that does not bring a trajectory nearer to its window is not made.
    """
    truth, times = (
        windows.permute(2, 0, 1, 3),
        torch.arange(windows.shape[2], dtype=windows.dtype, device=windows.device),
    )
    states = flow(basis, weights, windows[:, :, 0], times, substeps)
    damping = torch.full_like(states[0, ..., :1], TINY)
    for _ in range(ITERATIONS):
        tried = _stepped(basis, weights, states[0], truth, times, substeps, damping)
        moved = flow(basis, weights, tried, times, substeps)
        better = (_misfit(moved, truth) < _misfit(states, truth))[..., None]
        states = torch.where(better, moved, states)
        damping = torch.where(better, damping / 10, damping.clamp_min(FIRST_DAMPING) * 10)
    return states[-1]


def _stepped(
    basis: Basis, weights: Tensor, start: Tensor, truth: Tensor, times: Tensor, substeps: int, damping: Tensor
) -> Tensor:
    states, tangents = tangent_flow(basis, weights, start, times, substeps, by="start")
    gap = (states - truth).nan_to_num(0.0).permute(1, 2, 0, 3).flatten(2)
    rows = tangents.nan_to_num(0.0, 0.0, 0.0).permute(1, 2, 0, 3, 4).flatten(2, 3)
    gram = rows.mT @ rows
    gram = gram + torch.diag_embed(TINY + damping * gram.diagonal(dim1=-2, dim2=-1))
    right = rows.mT @ gap[..., None]
    known = (gram.isfinite().all(-1) & right.isfinite().all(-1)).all(-1)[..., None, None]  # else no step
    one = torch.eye(gram.shape[-1], dtype=gram.dtype, device=gram.device)
    gram, right = torch.where(known, gram, one), torch.where(known, right, 0.0)
    step = torch.linalg.lstsq(gram, right).solution[..., 0]
    answer: Tensor = start - step.nan_to_num(0.0, 0.0, 0.0)
    return answer


def _misfit(states: Tensor, truth: Tensor) -> Tensor:
    return (states - truth).square().mean((0, -1)).nan_to_num(float("inf"), float("inf"))
