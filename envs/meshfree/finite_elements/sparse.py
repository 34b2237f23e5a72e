"""Sparse systems with rows that are given, rows that are the same, and matrices that are factorised once."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from simplatform.envs.meshfree.pde import Floats
from simplatform.errors import SolverError

DIRECT = 30_000
"""Unknowns up to which a system in space is solved directly; larger symmetric ones by multigrid."""
Key = tuple[float, float]


class Linear:
    """Solves for the changes of the free rows."""

    def __init__(self, size: int, same: NDArray[np.int64], fixed: NDArray[np.int64]) -> None:
        from scipy.sparse import csr_matrix

        self.same = same
        given = np.zeros(size, bool)
        given[fixed] = True
        roots = np.unique(same)
        free = roots[~given[roots]]
        number = np.full(size, -1)
        number[free] = np.arange(len(free))
        rows = np.flatnonzero(number[same] >= 0)
        self.spread = csr_matrix((np.ones(len(rows)), (rows, number[same][rows])), (size, len(free)))
        """Takes free rows to all rows."""
        self._matrices: dict[Key, Any] = {}
        self._factors: dict[int, Callable[[Floats], Floats]] = {}

    def together(self, vector: Floats) -> Floats:
        """Return a vector whose same rows are the same."""
        return vector[self.same]

    def known(self, key: Key) -> Any:
        """Return a matrix that was kept, or None."""
        return self._matrices.get(key)

    def know(self, key: Key, matrix: Any) -> None:
        """Keep a matrix that will come again."""
        self._matrices[key] = matrix

    def solve(self, matrix: Any, right: Floats) -> Floats:
        """Return the change of all rows.

        Raises:
            SolverError: the matrix is singular there.
        """
        if any(matrix is one for one in self._matrices.values()):
            if id(matrix) not in self._factors:
                self._factors[id(matrix)] = factorised(self.spread.T @ matrix @ self.spread)
            solver = self._factors[id(matrix)]
        else:
            solver = factorised(self.spread.T @ matrix @ self.spread)
        found: Floats = self.spread @ solver(self.spread.T @ right)
        return found


def factorised(matrix: Any) -> Callable[[Floats], Floats]:
    """Return a solver of a sparse system: direct, or conjugate gradients with multigrid where large and symmetric.

    Raises:
        SolverError: the matrix is singular.
    """
    from scipy.sparse.linalg import splu

    matrix = matrix.tocsc()
    if matrix.shape[0] > DIRECT and abs(matrix - matrix.T).max() < 1e-12 * abs(matrix).max():
        return _multigrid(matrix.tocsr())
    empty = np.flatnonzero(np.diff(matrix.indptr) == 0)
    if len(empty):
        raise SolverError("singular: an unknown stands in no equation; is a condition missing?")
    try:
        factors = splu(matrix)
    except RuntimeError as error:
        raise SolverError(f"the finite-element matrix is singular ({error}); is a condition missing?") from error

    def direct(right: Floats) -> Floats:
        found: Floats = factors.solve(right)
        return found

    return direct


def _multigrid(matrix: Any) -> Callable[[Floats], Floats]:
    import pyamg

    sign = float(np.sign(matrix.diagonal()[0]))
    levels = pyamg.smoothed_aggregation_solver(sign * matrix)

    def solve(right: Floats) -> Floats:
        found: Floats = levels.solve(sign * right, tol=1e-10, accel="cg", maxiter=300)
        gap = float(np.linalg.norm(matrix @ found - right))
        if not gap <= 1e-6 * float(np.linalg.norm(right)) + 1e-300:
            raise SolverError("multigrid does not converge on this matrix; take fewer cells, which are solved directly")
        return found

    return solve
