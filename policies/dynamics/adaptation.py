"""Adaptation to a new system: damped Gauss–Newton on the few numbers of a context, all experts side by side."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

Residuals = Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]
STEP = 1e-5


def adapt(
    residuals: Residuals, support: Tensor, times: Tensor, experts: Tensor, contexts: Tensor, steps: int
) -> tuple[Tensor, Tensor]:
    """Return the expert and the context ``(c,)`` that fit support trajectories ``(S, T, d)`` best.

    Every hypothesis (``experts (H,)`` with ``contexts (H, c)`` to start from) takes Levenberg–Marquardt steps
    (Marquardt, 1963) with a Jacobian by central differences; the damping falls where a step helps and rises where it
    does not.
    """
    damping = torch.full((len(experts), 1, 1), 1e-3, dtype=contexts.dtype)
    best = residuals(experts, contexts, support, times)
    for _ in range(steps):
        trial = contexts + _step(residuals, support, times, experts, contexts, best, damping)
        found = residuals(experts, trial, support, times)
        better = _cost(found) < _cost(best)
        contexts = torch.where(better[:, None], trial, contexts)
        best = torch.where(better[:, None], found, best)
        damping = torch.where(better[:, None, None], damping / 5, damping * 5).clamp(1e-9, 1e6)
    winner = _cost(best).argmin()
    return experts[winner], contexts[winner]


def _step(
    residuals: Residuals,
    support: Tensor,
    times: Tensor,
    experts: Tensor,
    contexts: Tensor,
    now: Tensor,
    damping: Tensor,
) -> Tensor:
    size = contexts.shape[1]
    offsets = STEP * torch.eye(size, dtype=contexts.dtype)
    moved = torch.cat([contexts[:, None] + offsets, contexts[:, None] - offsets], dim=1).flatten(0, 1)
    many = residuals(experts.repeat_interleave(2 * size), moved, support, times).unflatten(0, (-1, 2 * size))
    jacobian = ((many[:, :size] - many[:, size:]) / (2 * STEP)).transpose(1, 2).nan_to_num(0.0, 0.0, 0.0)
    normal = jacobian.transpose(1, 2) @ jacobian
    scale = torch.diag_embed(normal.diagonal(dim1=1, dim2=2).clamp_min(1e-9))
    gradient = jacobian.transpose(1, 2) @ now.nan_to_num(0.0, 0.0, 0.0)[..., None]
    return -torch.linalg.solve(normal + damping * scale, gradient)[..., 0]


def _cost(values: Tensor) -> Tensor:
    return values.square().sum(1).nan_to_num(float("inf"))
