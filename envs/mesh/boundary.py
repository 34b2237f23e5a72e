"""How boundary vertices may move: along straight segments, and never off them."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from simplatform.envs.mesh.mesh import Floats, Ints, Mesh

INTERIOR, SLIDING, FIXED = 0, 1, 2
STRAIGHT = 1e-3
"""Largest sine of the angle between two boundary edges that still count as one straight segment."""


def classify(mesh: Mesh) -> tuple[Ints, Floats]:
    """Return, for a 2-D mesh, the flag of each vertex, ``(V,)``, and its unit tangent, ``(V, 2)`` (0 unless sliding).

    A vertex is ``SLIDING`` where its two boundary edges are collinear, ``FIXED`` at corners and along curved
    boundaries (whose shape would change if vertices slid along chords), else ``INTERIOR``. In 1-D and 3-D all boundary
    vertices are ``FIXED``.
    """
    flags = np.where(mesh.boundary, FIXED, INTERIOR)
    tangents = np.zeros_like(mesh.points)
    if mesh.dim != 2:
        return flags, tangents
    before, after, regular = _boundary_neighbours(mesh)
    ahead = _unit(mesh.points[after] - mesh.points)
    behind = _unit(mesh.points - mesh.points[before])
    cross = ahead[:, 0] * behind[:, 1] - ahead[:, 1] * behind[:, 0]
    straight = regular & (np.abs(cross) < STRAIGHT) & ((ahead * behind).sum(axis=1) > 0)
    flags[straight] = SLIDING
    tangents[straight] = _unit(mesh.points[after] - mesh.points[before])[straight]
    return flags, tangents


def freedom(mesh: Mesh) -> sparse.csr_array:
    """Return ``P (dV, n)`` with orthonormal columns: free coordinates → displacements, ordered x of all, then y of
    all, then z.
    """
    flags, tangents = classify(mesh)
    size, inner, slide = len(flags), np.flatnonzero(flags == INTERIOR), np.flatnonzero(flags == SLIDING)
    axes, free = range(mesh.dim), mesh.dim * len(inner)
    rows = np.concatenate([part + axis * size for part in (inner, slide) for axis in axes])
    columns = np.concatenate([np.arange(free), *mesh.dim * [free + np.arange(len(slide))]])
    values = np.concatenate([np.ones(free), *(tangents[slide, axis] for axis in axes)])
    return sparse.csr_array((values, (rows, columns)), shape=(mesh.dim * size, free + len(slide)))


def constrain(displacement: Floats, flags: Ints, tangents: Floats) -> Floats:
    """Project a displacement ``(V, 2)`` onto what the boundary allows."""
    along = (displacement * tangents).sum(axis=1, keepdims=True) * tangents
    kept = np.where((flags == SLIDING)[:, None], along, displacement)
    return np.where((flags == FIXED)[:, None], 0.0, kept)


def _boundary_neighbours(mesh: Mesh) -> tuple[Ints, Ints, np.ndarray]:
    """Return the previous and next boundary vertex, and whether there is exactly one of each (no pinched boundary)."""
    tails, heads = mesh.boundary_facets.T
    size = len(mesh.points)
    before, after = np.zeros(size, np.int64), np.zeros(size, np.int64)
    before[heads], after[tails] = tails, heads
    regular = (np.bincount(tails, minlength=size) == 1) & (np.bincount(heads, minlength=size) == 1)
    return before, after, regular


def _unit(vectors: Floats) -> Floats:
    return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(float).tiny)
