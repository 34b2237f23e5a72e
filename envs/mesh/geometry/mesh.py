"""The mesh: points and cells of one kind, and what follows from them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from math import factorial

import numpy as np
from numpy.typing import NDArray

from simplatform.envs.mesh.geometry.simplices import determinants
from simplatform.errors import DataError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

KINDS = {"line": (1, 2), "triangle": (2, 3), "quad": (2, 4), "tetra": (3, 4)}
"""Cell kind (meshio's names) → (dimension, vertices per cell)."""

FACETS = {
    "line": ((0,), (1,)),
    "triangle": ((0, 1), (1, 2), (2, 0)),
    "quad": ((0, 1), (1, 2), (2, 3), (3, 0)),
    "tetra": ((0, 2, 1), (0, 1, 3), (1, 2, 3), (0, 3, 2)),
}
"""Local vertex numbers of each facet, the cell on its left (outward orientation for tetrahedra)."""

CORNERS = {
    "line": ((0, 1),),
    "triangle": ((0, 1, 2),),
    "quad": ((0, 1, 3), (1, 2, 0), (2, 3, 1), (3, 0, 2)),
    "tetra": ((0, 1, 2, 3),),
}
"""Simplices whose signed volumes must all be positive for a cell to be valid: one, or the four corners of a quad."""


@dataclass(frozen=True, eq=False)
class Mesh:
    """A conforming mesh: ``points (V, d)`` in m, ``cells (C, k)`` vertex numbers, all cells of one ``kind``.

    Immutable by convention: ``moved`` returns a mesh with the same cells at other points.
    """

    points: Floats
    cells: Ints
    kind: str = "triangle"

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise DataError(f"unknown cell kind {self.kind!r}; expected one of {', '.join(KINDS)}")
        dim, corners = KINDS[self.kind]
        points, cells = np.asarray(self.points, float), np.asarray(self.cells, np.int64)
        if points.ndim != 2 or points.shape[1] != dim:
            raise DataError(f"points of {self.kind} meshes are (V, {dim}), got {points.shape}")
        if cells.ndim != 2 or cells.shape[1] != corners:
            raise DataError(f"cells of {self.kind} meshes are (C, {corners}), got {cells.shape}")
        object.__setattr__(self, "points", points)
        object.__setattr__(self, "cells", cells)

    @property
    def dim(self) -> int:
        """Dimension d of space."""
        return int(self.points.shape[1])

    def moved(self, points: Floats) -> Mesh:
        """Return the mesh with the same cells at other points, ``(V, d)``."""
        return replace(self, points=points)

    @cached_property
    def volumes(self) -> Floats:
        """Signed length, area or volume of each cell, ``(C,)``; of a quad, of both its halves together."""
        parts = self.corner_volumes
        return parts.sum(axis=1) / 2 if self.kind == "quad" else parts[:, 0]

    @cached_property
    def corner_volumes(self) -> Floats:
        """Signed volumes of the simplices of ``CORNERS``, ``(C, s)``: a cell is valid if all of its are positive."""
        return corner_volumes(self.points, self.cells, self.kind)

    @cached_property
    def facets(self) -> tuple[Ints, Ints]:
        """Unique facets ``(F, k')`` with sorted vertices, and how many cells share each, ``(F,)``."""
        local = np.asarray(FACETS[self.kind])
        every = np.sort(self.cells[:, local].reshape(-1, local.shape[1]), axis=1)
        first, _, counts = _unique_rows(every)
        return every[first], counts

    @cached_property
    def edges(self) -> Ints:
        """Unique edges ``(E, 2)``, smaller vertex first, in lexicographic order."""
        pairs = _edge_pairs(self.kind)
        every = np.sort(self.cells[:, np.asarray(pairs)].reshape(-1, 2), axis=1)
        return every[_unique_rows(every)[0]]

    @cached_property
    def boundary_facets(self) -> Ints:
        """Facets of exactly one cell, ``(F, k')``, oriented as in that cell."""
        local = np.asarray(FACETS[self.kind])
        every = self.cells[:, local].reshape(-1, local.shape[1])
        _, inverse, counts = _unique_rows(np.sort(every, axis=1))
        indices: Ints = every[counts[inverse] == 1]
        return indices

    @cached_property
    def boundary(self) -> NDArray[np.bool_]:
        """Whether a vertex lies on the boundary, ``(V,)``."""
        flags = np.zeros(len(self.points), bool)
        flags[self.boundary_facets.ravel()] = True
        return flags

    @cached_property
    def neighbours(self) -> Ints:
        """For simplices: the cell across the facet opposite to each vertex, ``(C, d + 1)``; -1 at the boundary."""
        corners = self.cells.shape[1]
        local = np.asarray([[j for j in range(corners) if j != i] for i in range(corners)])
        every = np.sort(self.cells[:, local].reshape(-1, corners - 1), axis=1)
        order = np.lexsort(every.T[::-1])
        same = (every[order[1:]] == every[order[:-1]]).all(axis=1)
        result = np.full(len(every), -1)
        a, b = order[:-1][same], order[1:][same]
        result[a], result[b] = b // corners, a // corners
        return result.reshape(-1, corners)

    @property
    def simplicial(self) -> Mesh:
        """The mesh itself, or for quads the triangles that one diagonal cuts them into; the vertices are the same."""
        if self.kind != "quad":
            return self
        halves = np.stack([self.cells[:, [0, 1, 2]], self.cells[:, [0, 2, 3]]], axis=1)
        return Mesh(self.points, halves.reshape(-1, 3))

    @property
    def bounds(self) -> tuple[Floats, Floats]:
        """Smallest and largest coordinates."""
        return self.points.min(axis=0), self.points.max(axis=0)


def corner_volumes(points: Floats, cells: Ints, kind: str = "triangle") -> Floats:
    """Return signed volumes of the simplices that decide validity, ``(C, s)`` (see ``CORNERS``)."""
    simplices = points[cells[:, np.asarray(CORNERS[kind])]]
    edges = simplices[:, :, 1:] - simplices[:, :, :1]
    found: Floats = determinants(edges) / factorial(points.shape[1])
    return found


def _unique_rows(rows: Ints) -> tuple[Ints, Ints, Ints]:
    """Return of vertex numbers ``(N, k)`` the first row of each kind in lexicographic order, whose each is, how many.

    Rows become one number each, which sorts ten times faster than they do.
    """
    base = int(rows.max(initial=0)) + 1
    keys = rows[:, 0].copy()
    for column in rows.T[1:]:
        if base ** rows.shape[1] >= 2**63:
            # Too many vertices for that: the rows so far are numbered in their order instead.
            keys = np.unique(keys, return_inverse=True)[1].ravel()
        keys = keys * base + column
    _, first, inverse, counts = np.unique(keys, return_index=True, return_inverse=True, return_counts=True)
    return first, inverse.ravel(), counts


def _edge_pairs(kind: str) -> tuple[tuple[int, int], ...]:
    if kind == "quad":
        return ((0, 1), (1, 2), (2, 3), (3, 0))
    corners = KINDS[kind][1]
    return tuple((i, j) for i in range(corners) for j in range(i + 1, corners))
