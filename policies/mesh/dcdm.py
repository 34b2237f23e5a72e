"""DCDM as a linear solver of finite elements: a trained network proposes directions on a grid, for any mesh.

Vertices in rows of a uniform grid are that grid. Others get proposals from a grid laid over their box: bilinear weights
carry residuals to it and proposals back (an auxiliary space; Xu, 1996, Computing 56), between two Jacobi steps. The
network sees residuals in float32 and never the matrix: the iteration around it makes up for what it does not know.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from importlib.resources import as_file, files
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file
from torch import Tensor, nn

from simplatform.errors import SolverError
from simplatform.policies.mesh.directions import direction_network
from simplatform.solvers.conjugate_directions import LinearSolution, conjugate_directions

Floats = NDArray[np.float64]

RTOL, MOST = 1e-12, 500
FILTERS = 16
DAMPING = 0.6
"""Of the Jacobi steps around a proposal that comes from another grid."""


def dcdm(matrix: Any, load: Floats, points: Floats | None = None) -> Floats:
    """Solve a symmetric positive sparse system with the shipped network; ``points (n, 2)`` are the unknowns' places.

    Raises:
        SolverError: no places in the plane are given, or the residual stays above ``RTOL`` after ``MOST`` iterations.
    """
    found = solve(matrix, load, points, shipped(), rtol=RTOL, most=MOST)
    if not found.converged:
        raise SolverError(
            f"dcdm left a residual of {found.residuals[-1]:.1e} after {MOST} iterations: take amg or direct"
        )
    return found.x.numpy()


def solve(
    matrix: Any, load: Floats, points: Floats | None, network: nn.Module, *, rtol: float, most: int = MOST
) -> LinearSolution:
    """Solve to a residual of ``rtol``·|b| with proposals of ``network``.

    Raises:
        SolverError: no places in the plane are given, or the matrix is not positive.
    """
    apply, propose = operator(matrix), proposals(matrix, points, network)
    return conjugate_directions(apply, torch.from_numpy(np.asarray(load, float)), propose, rtol=rtol, most=most)


def operator(matrix: Any) -> Callable[[Tensor], Tensor]:
    """Return a sparse matrix as a function of vectors."""
    return lambda x: torch.from_numpy(matrix @ x.numpy())


def proposals(matrix: Any, points: Floats | None, network: nn.Module) -> Callable[[Tensor], Tensor]:
    """Return what proposes a direction for a residual ``(n,)`` of the system.

    Raises:
        SolverError: no places in the plane are given, or not one for each unknown.
    """
    count = matrix.shape[0]
    if points is None or points.shape != (count, 2):
        raise SolverError(
            f"dcdm needs the places of the {count} unknowns in the plane, points ({count}, 2), and got "
            f"{'none' if points is None else points.shape}: give them, or take amg or direct"
        )
    smoother = torch.from_numpy(DAMPING / matrix.diagonal())
    if not np.ptp(points, axis=0).all():  # one point or a line: no grid spans it
        return lambda r: smoother * r
    shape = rows_of(points)
    if shape is not None:
        return lambda r: _ask(network, r, shape)
    carry, size = _bilinear(points)
    apply = operator(matrix)

    def propose(residual: Tensor) -> Tensor:
        direction = smoother * residual
        rest = residual - apply(direction)
        coarse = _ask(network, torch.from_numpy(carry.T @ rest.numpy()), size)
        add = torch.from_numpy(carry @ coarse.double().numpy())
        image = apply(add)
        share = (add @ rest) / (add @ image).clamp_min(torch.finfo(torch.float64).tiny)
        return direction + share * add + smoother * (rest - share * image)

    return propose


@lru_cache(maxsize=1)
def shipped() -> nn.Module:
    """Return the network whose weights are in this package."""
    network = direction_network("multilevel", 2, FILTERS)
    with as_file(files(__package__) / "pretrained" / "dcdm" / "model.safetensors") as path:
        network.load_state_dict(load_file(path))
    return network.eval()


def rows_of(points: Floats) -> tuple[int, int] | None:
    """Return rows and columns of points that are a uniform grid, row by row, or None."""
    x, y = points.T
    columns = int((np.abs(y - y[0]) <= 1e-9 * np.ptp(y)).cumprod().sum())
    if len(x) % columns or columns < 2 or len(x) // columns < 2:
        return None
    rows = len(x) // columns
    wide, high = np.linspace(x[0], x[-1], columns), np.linspace(y[0], y[-1], rows)
    at = np.stack(np.meshgrid(wide, high), axis=-1).reshape(-1, 2)
    return (rows, columns) if np.abs(at - points).max() <= 1e-9 * np.ptp(points) else None


def _bilinear(points: Floats) -> tuple[Any, tuple[int, int]]:
    """Return the weights ``(n, rows·columns)`` of a grid with as many points over the box, and its shape."""
    from scipy import sparse

    low, high = points.min(axis=0), points.max(axis=0)
    step = float(np.sqrt(np.prod(high - low) / len(points)))
    columns, rows = (max(3, round(float(extent) / step) + 1) for extent in high - low)
    place = (points - low) / (high - low) * [columns - 1, rows - 1]
    base = np.minimum(place.astype(int), [columns - 2, rows - 2])
    part = place - base
    number, entries = np.arange(len(points)), []
    for right in (0, 1):
        for up in (0, 1):
            weight = np.abs(1 - right - part[:, 0]) * np.abs(1 - up - part[:, 1])
            entries.append((weight, number, (base[:, 1] + up) * columns + base[:, 0] + right))
    weights, row, column = (np.concatenate(parts) for parts in zip(*entries, strict=True))
    return sparse.coo_array((weights, (row, column)), shape=(len(points), rows * columns)).tocsr(), (rows, columns)


@torch.no_grad()
def _ask(network: nn.Module, residual: Tensor, shape: tuple[int, int]) -> Tensor:
    scale = torch.linalg.vector_norm(residual).clamp_min(torch.finfo(torch.float64).tiny)
    answer: Tensor = network((residual / scale).float().reshape(1, 1, *shape)).reshape(-1)
    return answer
