"""Multiple shooting: a vector field and the starts of many pieces, fitted to what was measured of their states.

The pieces share the field's weights and nothing else, so that the normal equations of Levenberg and Marquardt are an
arrow, and the starts are eliminated piece by piece (Bock, 1981; Schur complement). Components that nobody measures are
found with the rest: the measured ones follow from them.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from simplatform.errors import DataError
from simplatform.policies.dynamics.prediction.quadratic import flow, tangent_flow

FLOOR = 1e-9
"""Added to the damped diagonal, for what no measurement depends on."""
LEAST_GAIN = 1e-4
"""A fit ends when an iteration takes off less than this share of the error."""


@dataclass(frozen=True)
class Shot:
    """A field's weights ``(R, F)``, the states along all pieces ``(S, T + 1, R)``, and the root mean square misfit."""

    weights: Tensor
    states: Tensor
    misfit: float


@dataclass(frozen=True)
class Starts:
    """Where pieces begin: trajectory and sample of each."""

    places: list[tuple[int, int]]

    @classmethod
    def drawn(cls, paths: list[Tensor], margin: int, horizon: int, count: int, seed: int) -> Starts:
        """Spread at most ``count`` pieces over the trajectories, from a random offset on.

        Raises:
            DataError: no trajectory is as long as a piece and the margins.
        """
        free = [(p, s) for p, path in enumerate(paths) for s in range(margin, len(path) - margin - horizon)]
        if not free:
            raise DataError(
                f"no trajectory holds a piece of {horizon} steps and {margin} samples on each side; "
                "lower policy.horizons or policy.filter"
            )
        stride = max(len(free) // count, 1)
        offset = int(torch.randint(stride, (), generator=torch.Generator().manual_seed(seed)))
        return cls(free[offset::stride][:count])

    def pieces(self, paths: list[Tensor], horizon: int) -> Tensor:
        """Return what was measured along pieces, ``(S, horizon + 1, d)``."""
        return torch.stack([paths[p][s : s + horizon + 1] for p, s in self.places])

    def states_of(self, states: list[Tensor], margin: int) -> Tensor:
        """Return the states ``(S, R)`` that were guessed there; guesses begin ``margin`` samples late."""
        return torch.stack([states[p][s - margin] for p, s in self.places])


def shoot(
    weights: Tensor, starts: Tensor, pieces: Tensor, dt: float, substeps: int, iterations: int, damping: float = 1e-3
) -> Shot:
    """Fit to pieces ``(S, T + 1, d)``, whose d components are the first of the state; ``starts`` are ``(S, R)``."""
    times = dt * torch.arange(pieces.shape[1], dtype=pieces.dtype)
    observed = pieces.shape[2]

    def loss_of(weights: Tensor, starts: Tensor) -> float:
        gap = flow(weights, starts, times, substeps)[..., :observed] - pieces
        return float(gap.square().mean())

    loss = loss_of(weights, starts)
    for _ in range(iterations):
        system = _normal_equations(weights, starts, pieces, times, substeps)
        for _ in range(10):
            by_weights, by_starts = solved(*system, damping)
            tried = (weights - by_weights.view_as(weights), starts - by_starts)
            value = loss_of(*tried)
            if value < loss:
                break
            damping *= 4
        else:
            break
        gain, (weights, starts), loss = 1 - value / max(loss, 1e-300), tried, value
        damping = max(damping / 5, 1e-14)
        if gain < LEAST_GAIN:
            break
    return Shot(weights, flow(weights, starts, times, substeps), loss**0.5)


def _normal_equations(
    weights: Tensor, starts: Tensor, pieces: Tensor, times: Tensor, substeps: int
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """Return the blocks AᵀA, AᵀB, BᵀB and the right sides Aᵀr, Bᵀr: A by the weights, B by each piece's start."""
    states, tangents = tangent_flow(weights, starts, times, substeps, forced=True)
    observed = pieces.shape[2]
    gap = (states[..., :observed] - pieces).flatten(1)
    rows = tangents[:, :, :observed].flatten(1, 2)  # (S, (T + 1) d, P)
    a, b = rows[..., : weights.numel()], rows[..., weights.numel() :]
    flat = a.flatten(0, 1)
    return flat.T @ flat, a.mT @ b, b.mT @ b, flat.T @ gap.flatten(), (b.mT @ gap[..., None])[..., 0]


def solved(aa: Tensor, ab: Tensor, bb: Tensor, a_side: Tensor, b_side: Tensor, damping: float) -> tuple[Tensor, Tensor]:
    """Return the steps of the weights ``(R F,)`` and of the starts ``(S, R)``."""
    inverse = torch.linalg.inv(bb + damping * torch.diag_embed(bb.diagonal(dim1=1, dim2=2) + FLOOR))
    through = ab @ inverse  # (S, R F, R)
    reduced = aa + damping * torch.diag(aa.diagonal() + FLOOR) - torch.einsum("sar,sbr->ab", through, ab)
    by_weights = torch.linalg.solve(reduced, a_side - torch.einsum("sar,sr->a", through, b_side))
    by_starts = (inverse @ (b_side - torch.einsum("sar,a->sr", ab, by_weights))[..., None])[..., 0]
    return by_weights, by_starts
