"""Polish a sparse field by multiple shooting: its weights, and the starts of pieces, fitted to the samples themselves.

A regression sees the field through a quadrature or a test function, and errs by what these leave out; the trajectories
of the field do not. Only weights that are not zero move, so that a sparse field stays sparse. The normal equations are
those of ``shooting``, an arrow whose starts are eliminated piece by piece (Bock, 1981).
"""

from __future__ import annotations

import torch
from torch import Tensor

from simplatform.policies.dynamics.polynomials import BOUND, Basis, flow
from simplatform.policies.dynamics.prediction.shooting import LEAST_GAIN, Starts, solved
from simplatform.solvers import DOP853

MOST_SUBSTEPS, RESOLVED = 8, 1e-9
FIRST_DAMPING, LEAST_DAMPING, TRIES = 1e-6, 1e-14, 6


def enough_substeps(basis: Basis, weights: Tensor, states: Tensor, least: int) -> int:
    """Return as many solver steps between two samples as resolve them from all states ``(N, d)``."""
    steps, times = least, torch.arange(2, dtype=states.dtype, device=states.device)
    coarse = flow(basis, weights[None], states[None], times, steps)[-1]
    while steps < MOST_SUBSTEPS:
        fine = flow(basis, weights[None], states[None], times, 2 * steps)[-1]
        if not bool((fine - coarse).abs().nan_to_num(0.0).max() > RESOLVED):
            break
        steps, coarse = 2 * steps, fine
    return steps


def polished(
    basis: Basis, weights: Tensor, paths: list[Tensor], horizon: int, pieces: int, iterations: int, substeps: int = 1
) -> tuple[Tensor, float]:
    """Return weights ``(F, d)`` whose trajectories pass nearest to pieces of ``horizon`` samples, and how near.

    ``paths`` are states ``(T, d)``, one sample a unit of time. Levenberg and Marquardt's steps; nothing is changed
    where none helps.

    Raises:
        DataError: no path is as long as a piece.
    """
    starts = Starts.drawn(paths, 0, horizon, pieces, seed=0)
    samples = starts.pieces(paths, horizon)
    times = torch.arange(horizon + 1, dtype=samples.dtype, device=samples.device)
    begin, damping = samples[:, 0], FIRST_DAMPING
    loss = _loss(basis, weights, begin, samples, times, substeps)
    for _ in range(iterations):
        system = _normal_equations(basis, weights, begin, samples, times, substeps)
        if not all(bool(part.isfinite().all()) for part in system):
            break
        for _ in range(TRIES):
            by_weights, by_starts = solved(*system, damping)
            tried = weights.clone()
            tried[tried != 0] = tried[tried != 0] - by_weights
            value = _loss(basis, tried, begin - by_starts, samples, times, substeps)
            if value < loss:
                break
            damping *= 10
        else:
            break
        gain, weights, begin, loss = 1 - value / max(loss, 1e-300), tried, begin - by_starts, value
        damping = max(damping / 10, LEAST_DAMPING)
        if gain < LEAST_GAIN:
            break
    return weights, loss**0.5


def _loss(basis: Basis, weights: Tensor, begin: Tensor, samples: Tensor, times: Tensor, substeps: int) -> float:
    states = flow(basis, weights[None], begin[None], times, substeps)[:, 0].transpose(0, 1)
    return float((states - samples).square().mean().nan_to_num(float("inf"), float("inf")))


def _normal_equations(
    basis: Basis, weights: Tensor, begin: Tensor, samples: Tensor, times: Tensor, substeps: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return the blocks AᵀA, AᵀB, BᵀB and the right sides Aᵀr, Bᵀr: A by the weights, B by each piece's start."""
    packed = _tangents(basis, weights, begin, times, substeps)
    dim = begin.shape[1]
    gap = (packed[..., 0] - samples).flatten(1)
    rows = packed[..., 1:].flatten(1, 2)  # (S, T d, K + d)
    a, b = rows[..., :-dim], rows[..., -dim:]
    flat = a.flatten(0, 1)
    return flat.T @ flat, a.mT @ b, b.mT @ b, flat.T @ gap.flatten(), (b.mT @ gap[..., None])[..., 0]


def _tangents(basis: Basis, weights: Tensor, begin: Tensor, times: Tensor, substeps: int) -> Tensor:
    """Integrate states with their derivatives by the K weights that are not zero and by the start.

    Returns ``(S, T, d, 1 + K + d)``.
    """
    pieces, dim = begin.shape
    terms, columns = (weights != 0).nonzero(as_tuple=True)
    number = torch.arange(len(terms), device=begin.device)
    eye = torch.eye(dim, dtype=begin.dtype, device=begin.device).expand(pieces, dim, dim)
    first = torch.cat([begin[..., None], begin.new_zeros(pieces, dim, len(terms)), eye], -1)

    def field(_: Tensor, packed: Tensor) -> Tensor:
        phi, slopes = basis.slopes(packed[..., 0].clamp(-BOUND, BOUND))
        moved = (slopes.mT @ weights).mT @ packed[..., 1:]
        moved[:, columns, number] += phi[:, terms]
        return torch.cat([(phi @ weights)[..., None], moved], -1)

    return DOP853(substeps).march(field, first, times).transpose(0, 1).nan_to_num(0.0, 0.0, 0.0)
