"""How boundary vertices may move: along straight segments and within plane faces, and never off them."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh

INTERIOR, SLIDING, FIXED = 0, 1, 2
STRAIGHT = 1e-3
"""Largest sine of the angle between two boundary edges, or faces, that still count as one straight or plane piece."""


def classify(mesh: Mesh) -> tuple[Ints, Floats]:
    """Return the flag of each vertex, ``(V,)``, and orthonormal directions in which it may slide, ``(V, d, d)``.

    Directions are rows; unused ones are 0, as are all unless the vertex is ``SLIDING``: in the plane where its two
    boundary edges are collinear, in space where the normals of its boundary faces leave a direction free (two within a
    plane face, one along a straight edge). ``FIXED`` are corners and curved boundaries, whose shape would change if
    vertices slid along chords, and both ends of a segment; others are ``INTERIOR``.
    """
    slide = {1: _none, 2: _along_segments, 3: _within_faces}[mesh.dim]
    sliding, directions = slide(mesh)
    flags = np.where(sliding, SLIDING, np.where(mesh.boundary, FIXED, INTERIOR))
    return flags, np.where(sliding[:, None, None], directions, 0.0)


def freedom(mesh: Mesh) -> sparse.csr_array:
    """Return ``P (dV, n)`` with orthonormal columns: free coordinates → displacements, ordered x of all, then y of
    all, then z.
    """
    return freedom_of(*classify(mesh))


def freedom_of(flags: Ints, directions: Floats) -> sparse.csr_array:
    """Return what ``freedom`` does, of flags ``(V,)`` and directions ``(V, d, d)`` in the form of ``classify``."""
    size, dim, inner = len(flags), directions.shape[-1], np.flatnonzero(flags == INTERIOR)
    axes = range(dim)
    vertex, number = np.nonzero(directions.any(axis=2))
    free = dim * len(inner)
    rows = np.concatenate([part + axis * size for part in (inner, vertex) for axis in axes])
    columns = np.concatenate([np.arange(free), *dim * [free + np.arange(len(vertex))]])
    values = np.concatenate([np.ones(free), *directions[vertex, number].T])
    return sparse.csr_array((values, (rows, columns)), shape=(dim * size, free + len(vertex)))


def numbered(flags: Ints, directions: Floats) -> Ints:
    """Return the column of ``freedom_of`` for each vertex and axis, ``(V, d)``; -1 where it may not move.

    The axes of a sliding vertex are its ``directions``, those of others the coordinates'.
    """
    dim, inner = directions.shape[-1], np.flatnonzero(flags == INTERIOR)
    found = np.full((len(flags), dim), -1)
    found[inner] = np.arange(len(inner))[:, None] + len(inner) * np.arange(dim)
    slides = np.nonzero(directions.any(axis=2))
    found[slides] = dim * len(inner) + np.arange(len(slides[0]))
    return found


def constrain(displacement: Floats, flags: Ints, directions: Floats) -> Floats:
    """Project a displacement ``(V, d)`` onto what the boundary allows."""
    along = np.einsum("vka,va->vk", directions, displacement)
    kept = np.where((flags == SLIDING)[:, None], np.einsum("vk,vka->va", along, directions), displacement)
    return np.where((flags == FIXED)[:, None], 0.0, kept)


def _none(mesh: Mesh) -> tuple[np.ndarray, Floats]:
    return np.zeros(len(mesh.points), bool), np.zeros((len(mesh.points), 1, 1))


def _along_segments(mesh: Mesh) -> tuple[np.ndarray, Floats]:
    before, after, regular = _boundary_neighbours(mesh)
    ahead = _unit(mesh.points[after] - mesh.points)
    behind = _unit(mesh.points - mesh.points[before])
    cross = ahead[:, 0] * behind[:, 1] - ahead[:, 1] * behind[:, 0]
    straight = regular & (np.abs(cross) < STRAIGHT) & ((ahead * behind).sum(axis=1) > 0)
    tangents = _unit(mesh.points[after] - mesh.points[before])
    return straight, np.stack([tangents, np.zeros_like(tangents)], axis=1)


def _within_faces(mesh: Mesh) -> tuple[np.ndarray, Floats]:
    """Directions orthogonal to all normals around a vertex: the null space of their mean n nᵀ."""
    corners = mesh.points[mesh.boundary_facets]
    normals = _unit(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]))
    size, around = len(mesh.points), mesh.boundary_facets.ravel()
    count = np.maximum(np.bincount(around, minlength=size), 1)
    mean, spread = np.zeros((size, 3)), np.zeros((size, 3, 3))
    np.add.at(mean, around, np.repeat(normals, 3, axis=0))
    np.add.at(spread, around, np.repeat(normals[:, :, None] * normals[:, None], 3, axis=0))
    values, vectors = np.linalg.eigh(spread / count[:, None, None])
    open_ = values < STRAIGHT**2
    # Both sides of a slit have one normal but for its sign: its rim must not move.
    slit = (open_.sum(axis=1) == 2) & (np.linalg.norm(mean / count[:, None], axis=1) < 0.5)
    directions = np.where(open_[:, :, None], vectors.transpose(0, 2, 1), 0.0)
    return mesh.boundary & open_.any(axis=1) & ~slit, directions


def _boundary_neighbours(mesh: Mesh) -> tuple[Ints, Ints, np.ndarray]:
    """Return the previous and next boundary vertex, and whether there is exactly one of each (no pinched boundary)."""
    tails, heads = mesh.boundary_facets.T
    size = len(mesh.points)
    before, after = np.zeros(size, np.int64), np.zeros(size, np.int64)
    before[heads], after[tails] = tails, heads
    regular = (np.bincount(tails, minlength=size) == 1) & (np.bincount(heads, minlength=size) == 1)
    return before, after, regular


def _unit(vectors: Floats) -> Floats:
    found: Floats = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), np.finfo(float).tiny)
    return found
