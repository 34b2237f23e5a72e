"""First guesses of a state that is only seen in part: what was measured, and smooth coordinates of short windows.

A hidden component is guessed as a principal coordinate of the windows, or as a product of two coordinates or measured
components; what is left of it beside the others is kept, in units of its spread. Guesses are ranked by how well a
quadratic field explains how they move.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations, combinations_with_replacement

import torch
from torch import Tensor

from simplatform.policies.dynamics.prediction.quadratic import terms

COORDINATES = 2
"""Principal coordinates beside the measured components that hidden ones are guessed from."""
SMOOTH = 4
"""Coordinates per measured component that a smoothed window is made of."""
PENALTY = 1e-6


@dataclass(frozen=True)
class Guess:
    """States of every trajectory, ``(T − filter + 1, R)`` each, the field that moves them, and how well it does."""

    states: list[Tensor]
    weights: Tensor
    closure: float


def guesses(paths: list[Tensor], hidden: int, length: int, dt: float) -> list[Guess]:
    """Return guesses from standardised trajectories ``(T, d)``, the best first; ``length`` is a window's, odd."""
    sizes = [len(path) - length + 1 for path in paths]
    windows = torch.cat([path.unfold(0, length, 1).flatten(1) for path in paths])
    mean, dim = windows.mean(0), paths[0].shape[1]
    basis = torch.linalg.svd((windows - mean)[:: max(len(windows) // 2000, 1)], full_matrices=False).Vh
    coordinates = (windows - mean) @ basis[: SMOOTH * (dim + hidden)].T
    smooth = (coordinates @ basis[: coordinates.shape[1]] + mean).unflatten(1, (dim, length))[:, :, length // 2]
    pool = _pool(smooth, coordinates[:, dim : dim + COORDINATES]) if hidden else []
    found = []
    for chosen in combinations(range(len(pool)), hidden):
        state = _spanned(smooth, [pool[index] for index in chosen])
        if state is not None:
            found.append(_closed(list(state.split(sizes)), dt))
    return sorted(found, key=lambda guess: -guess.closure)


def _pool(smooth: Tensor, coordinates: Tensor) -> list[Tensor]:
    """Return the coordinates without what was measured, and all products with them and among them."""
    whole = _spanned(smooth, list(coordinates.T))
    known = smooth if whole is None else whole
    products = combinations_with_replacement(range(known.shape[1]), 2)
    return [*known.T[smooth.shape[1] :], *(known[:, i] * known[:, j] for i, j in products)]


def _spanned(smooth: Tensor, hidden: list[Tensor]) -> Tensor | None:
    """Append hidden components, each without what the ones before explain; None where nothing is left of one."""
    state = smooth
    for column in hidden:
        known = torch.cat([torch.ones_like(state[:, :1]), state], 1)
        rest = column - known @ torch.linalg.lstsq(known, column[:, None]).solution[:, 0]
        if rest.std() < 1e-3 * column.std():
            return None
        state = torch.cat([state, (rest / rest.std())[:, None]], 1)
    return state


def _closed(states: list[Tensor], dt: float) -> Guess:
    """Regress central differences on products, and score the least well explained component."""
    slopes = torch.cat([(path[2:] - path[:-2]) / (2 * dt) for path in states])
    phi = terms(torch.cat([path[1:-1] for path in states]))
    gram = phi.T @ phi / len(phi) + PENALTY * torch.eye(phi.shape[1], dtype=phi.dtype, device=phi.device)
    weights = torch.linalg.solve(gram, phi.T @ slopes / len(phi))
    left = (slopes - phi @ weights).square().mean(0) / slopes.var(0).clamp_min(1e-12)
    return Guess(states, weights.T.contiguous(), 1 - float(left.max()))
