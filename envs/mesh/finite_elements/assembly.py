"""Symmetric positive systems of one mesh, assembled and solved again and again while its vertices move.

What does not change is found once: which entries of cell matrices meet in which non-zero, and in which order unknowns
are eliminated. Systems that a factorisation would fill memory with are solved by conjugate gradients instead: as far as
a step that is searched along needs, or with multigrid (pyamg) where more is asked for.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, cg, splu

from simplatform.envs.mesh.geometry.mesh import Floats, Ints
from simplatform.errors import MissingDependency, SolverError

LARGEST = {2: 100_000, 3: 25_000}
"""Unknowns up to which matrices are factorised, by dimension: fill grows much faster in space."""
RTOL, ITERATIONS = 0.1, 200
"""Where conjugate gradients stop: residual over load, and how many at most; more is lost on steps that are searched."""

Solve = Callable[[Floats], Floats]


class Assembly:
    """Matrices ``(n, n)`` from cell matrices, unknowns numbered per vertex; n unknowns in all."""

    def __init__(self, cells: Ints, numbers: Ints, *, rtol: float | None = None) -> None:
        """Take ``cells (C, k)`` and the number of each vertex's m unknowns, ``(V, m)``, -1 where there is none.

        ``rtol`` is the share of the load that may be left where the matrix is too large to factorise: multigrid sees
        to that. Without it conjugate gradients go down to ``RTOL``, or as far as they come.
        """
        self._exact, self._rtol = rtol is not None, RTOL if rtol is None else rtol
        self.count = int(numbers.max(initial=-1)) + 1
        self.direct = self.count <= LARGEST[min(max(cells.shape[1] - 1, 2), 3)]
        has = np.flatnonzero((numbers >= 0).any(axis=1))
        own = np.full(len(numbers), -1)
        own[has] = np.arange(len(has))
        graph = _pattern(own[cells], len(has))
        if self.direct:
            own[has] = _order(graph, len(has))
            has, graph = has[np.argsort(own[has])], _pattern(own[cells], len(has))
        owned = numbers[has]
        self._new = np.empty(self.count, np.int32)
        self._new[owned[owned >= 0]] = np.arange(self.count)
        self._slots, self._indices, self._starts = _expanded(graph, owned, own[cells])

    def matrix(self, local: Floats) -> sparse.csc_array:
        """Return the sum of cell matrices ``(C, …)``, each ``(mk)²`` entries, in the order of elimination."""
        size = len(self._indices)
        data = np.bincount(self._slots, local.ravel(), size + 1)[:size]
        return sparse.csc_array((data, self._indices, self._starts), shape=(self.count, self.count))

    def solver(self, local: Floats, shift: float = 0.0) -> Solve:
        """Return what solves the system of cell matrices, its diagonal times 1 + ``shift``, for loads ``(n,)``.

        Raises:
            SolverError: the matrix is singular or not finite.
            MissingDependency: it is large, ``rtol`` was given, and pyamg is not installed.
        """
        if not np.isfinite(local).all():
            raise SolverError("the finite-element matrix is not finite: a cell has zero area")
        matrix = self.matrix(local)
        if shift:
            matrix.setdiag(matrix.diagonal() * (1 + shift))
        inner, new = self._solver(matrix), self._new

        def solve(load: Floats) -> Floats:
            ordered = np.empty_like(load)
            ordered[new] = load
            return inner(ordered)[new]

        return solve

    def _solver(self, matrix: sparse.csc_array) -> Solve:
        if self.direct:
            return _factorised(matrix)
        return (_multigrid if self._exact else _iterated)(matrix, self._rtol)


def _factorised(matrix: sparse.csc_array) -> Solve:
    try:
        options = {"SymmetricMode": True}
        factor = splu(matrix, permc_spec="NATURAL", diag_pivot_thresh=0.0, options=options)
    except RuntimeError as error:
        raise SolverError(f"the finite-element matrix is singular ({error}): is a cell of zero area?") from error
    return lambda load: np.asarray(factor.solve(load), np.float64)


def _iterated(matrix: sparse.csc_array, rtol: float) -> Solve:
    diagonal = matrix.diagonal()
    scaled = LinearOperator(matrix.shape, matvec=lambda x: x.ravel() / diagonal, dtype=np.float64)
    rows = matrix.T  # symmetric: the same matrix, by rows
    return lambda load: np.asarray(cg(rows, load, rtol=rtol, maxiter=ITERATIONS, M=scaled)[0], np.float64)


def _multigrid(matrix: sparse.csc_array, rtol: float) -> Solve:
    try:
        import pyamg
    except ImportError as error:
        raise MissingDependency("multigrid needs pyamg: pip install 'simplatform[mesh]'") from error
    rows = sparse.csr_matrix(matrix.T)  # symmetric: the same matrix, by rows
    hierarchy = pyamg.smoothed_aggregation_solver(rows)

    def solve(load: Floats) -> Floats:
        with warnings.catch_warnings(record=True), np.errstate(all="ignore"):  # the residual below tells
            found = np.asarray(hierarchy.solve(load, tol=rtol, maxiter=ITERATIONS, accel="cg"), np.float64)
        if not float(np.linalg.norm(load - rows @ found)) <= 10 * rtol * float(np.linalg.norm(load)):
            raise SolverError(f"multigrid did not come to {rtol:.0e} of the load in {ITERATIONS} iterations")
        return found

    return solve


def _order(graph: _Graph, count: int) -> Ints:
    """Return the place of each vertex in an order of little fill: that of minimum degree."""
    matrix = sparse.csc_array((np.ones(len(graph.rows)), graph.rows, graph.starts), shape=(count, count))
    matrix.setdiag(count + 1.0)
    options = {"SymmetricMode": True}
    found: Ints = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options=options).perm_c.astype(
        np.int64
    )
    return found


@dataclass(frozen=True)
class _Graph:
    """Which vertices share a cell: ``rows (N,)`` by columns that begin at ``starts (n + 1,)``.

    ``slots (C, k, k)`` are the pairs of each cell among them, N where one has no unknown.
    """

    rows: Ints
    starts: Ints
    slots: Ints


def _pattern(vertices: Ints, count: int) -> _Graph:
    """Return the graph of cells ``(C, k)`` whose ``count`` vertices with unknowns are numbered, others -1."""
    keys = vertices[:, None, :] * count + vertices[:, :, None]
    keys[(vertices[:, None, :] < 0) | (vertices[:, :, None] < 0)] = count * count
    unique, slots = np.unique(keys, return_inverse=True)
    unique = unique[unique < count * count]
    starts = np.searchsorted(unique, np.arange(count + 1) * count)
    return _Graph((unique % max(count, 1)).astype(np.int32), starts.astype(np.int32), slots.reshape(keys.shape))


def _expanded(graph: _Graph, numbers: Ints, cells: Ints) -> tuple[Ints, Ints, Ints]:
    """Return, of unknowns instead of vertices, the slots of cell matrices, the rows by columns, and their starts.

    ``numbers (n, m)`` has the unknowns of the vertices in order, ``cells (C, k)`` are numbered likewise. Cell matrices
    have m before k: slots are ``(C·m·k·m·k,)``, those of what is no unknown behind the last.
    """
    has = numbers >= 0
    many, rank = has.sum(1), np.where(has, np.cumsum(has, axis=1) - 1, -1)
    first, before = np.cumsum(many) - many, np.concatenate([[0], np.cumsum(many[graph.rows])])
    height = before[graph.starts[1:]] - before[graph.starts[:-1]]
    heights = np.repeat(height, many)
    starts = np.concatenate([[0], np.cumsum(heights)])
    offset = np.append(before[:-1] - np.repeat(before[graph.starts[:-1]], np.diff(graph.starts)), 0)
    # Of columns the place where each begins, of rows their rank among those of a vertex; -1 is no unknown.
    column = np.append(
        np.where(has, starts[np.minimum(first[:, None] + rank, len(heights))], -1), [[-1] * has.shape[1]], 0
    )
    row = np.append(rank, [[-1] * has.shape[1]], 0)
    at, to = row[cells].transpose(0, 2, 1)[:, :, :, None, None], column[cells].transpose(0, 2, 1)[:, None, None]
    # Half the memory, as long as they count that far.
    kind = np.int32 if starts[-1] < 2**31 else np.int64
    at, to, last, inside = at.astype(kind), to.astype(kind), kind(starts[-1]), offset.astype(kind)[graph.slots]
    slots = np.where((at < 0) | (to < 0), last, at + to + inside[:, None, :, None, :])
    indices = _rows(graph, many, first, height)
    return slots.ravel(), indices.astype(np.int32), starts.astype(np.int32)


def _rows(graph: _Graph, many: Ints, first: Ints, height: Ints) -> Ints:
    """Return the numbers of the rows of every column, one column after another."""
    counts = many[graph.rows]
    place = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    once = np.repeat(first[graph.rows], counts) + place
    # Columns of one vertex have the same rows: its stretch is repeated as often as it has unknowns.
    ends = np.cumsum(height)
    lengths, begins = np.repeat(height, many), np.repeat(ends - height, many)
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    found: Ints = once[np.repeat(begins, lengths) + within]
    return found
