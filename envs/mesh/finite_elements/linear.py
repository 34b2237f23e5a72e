"""Linear solvers for sparse finite-element systems: factorisation, algebraic multigrid, and what plugins register."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np
from scipy.sparse.linalg import splu

from simplatform.envs.mesh.geometry.mesh import Floats
from simplatform.errors import MissingDependency, SolverError, UnknownName
from simplatform.plugin_host.host import get_host

Solver = Callable[[Any, Floats], Floats]
"""A sparse matrix and a right-hand side ``(n,)`` → the solution ``(n,)``."""

RTOL, MAXITER = 1e-12, 200
AMG_FROM = {1: np.inf, 2: 100_000, 3: 10_000}
"""Dimension of space → unknowns from which on multigrid is the cheaper: fill-in grows with the dimension."""


def direct(matrix: Any, load: Floats) -> Floats:
    """Solve by sparse LU.

    Raises:
        SolverError: the matrix is singular.
    """
    try:
        found: Floats = splu(matrix.tocsc()).solve(load)
        return found
    except RuntimeError as error:
        raise SolverError(f"the finite-element matrix is singular ({error}): is a cell of zero area?") from error


def amg(matrix: Any, load: Floats) -> Floats:
    """Solve a symmetric positive system by conjugate gradients with smoothed aggregation (pyamg; Vaněk et al., 1996).

    Raises:
        MissingDependency: pyamg is not installed.
        SolverError: the residual stays above ``RTOL`` after ``MAXITER`` iterations.
    """
    try:
        import pyamg
    except ImportError as error:
        raise MissingDependency("multigrid needs pyamg: pip install 'simplatform[mesh]'") from error
    hierarchy = pyamg.smoothed_aggregation_solver(matrix.tocsr())
    with warnings.catch_warnings(record=True), np.errstate(all="ignore"):  # the residual below tells
        solution = hierarchy.solve(load, tol=RTOL, maxiter=MAXITER, accel="cg")
    left = float(np.linalg.norm(load - matrix @ solution))
    if not left <= 10 * RTOL * float(np.linalg.norm(load)):
        raise SolverError(f"multigrid left a residual of {left:.1e} after {MAXITER} iterations")
    return np.asarray(solution)


SOLVERS: Mapping[str, Solver] = MappingProxyType({"direct": direct, "amg": amg})
"""Solvers by name."""


def linear_solver(name: str, dim: int, size: int, points: Floats | None = None) -> Solver:
    """Return a solver by name; "auto" is the cheaper one for symmetric positive systems of ``size`` unknowns.

    Solvers of kind "linear" that plugins register are shown the places of the unknowns, ``points (size, dim)``.

    Raises:
        UnknownName: no such solver.
    """
    if name == "auto":
        name = "amg" if size >= AMG_FROM[dim] else "direct"
    if name in SOLVERS:
        return SOLVERS[name]
    found = {entry.name: entry for entry in get_host().registry("solver") if entry.extra.get("kind") == "linear"}
    if name not in found:
        raise UnknownName("linear solver", name, ("auto", *SOLVERS, *found))
    registered = found[name].load()

    def solve(matrix: Any, load: Floats) -> Floats:
        solution: Floats = registered(matrix, load, points)
        return solution

    return solve
