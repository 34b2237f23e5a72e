"""The check of linear solvers that plugins register."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simplatform.errors import ContractError

Floats = NDArray[np.float64]

SIDE = 12
ACCEPTED = 1e-8


def check_linear_solver(solver: Callable[[Any, Floats, Floats], Floats]) -> None:
    """Check that a Laplacian on a grid of the unit square is solved, and its right-hand side left alone.

    Raises:
        ContractError: another shape, a residual above 1e-8, or a changed argument.
    """
    from scipy import sparse

    one = sparse.diags_array([-np.ones(SIDE - 1), 2 * np.ones(SIDE), -np.ones(SIDE - 1)], offsets=[-1, 0, 1])
    eye, inner = sparse.eye_array(SIDE), np.linspace(0, 1, SIDE + 2)[1:-1]
    matrix = (sparse.kron(one, eye) + sparse.kron(eye, one)).tocsc()
    points = np.stack(np.meshgrid(inner, inner), axis=-1).reshape(-1, 2)
    load = np.cos(np.arange(SIDE**2) ** 2)
    given = load.copy()
    found = np.asarray(solver(matrix, load, points))
    if found.shape != load.shape:
        raise ContractError(f"a linear solver returned {found.shape} for a right-hand side of {load.shape}")
    left = float(np.linalg.norm(given - matrix @ found) / np.linalg.norm(given))
    if not left <= ACCEPTED:
        raise ContractError(
            f"a linear solver left a residual of {left:.1e} of the right-hand side, at most {ACCEPTED:g}"
        )
    if not np.array_equal(load, given):
        raise ContractError("a linear solver changed its right-hand side")
