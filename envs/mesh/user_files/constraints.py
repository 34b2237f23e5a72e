"""How vertices of a tagged mesh may move: outer boundaries, interfaces and lines keep their place; vertices slide along
straight pieces of one tag, and stay where curves bend, tags change or pieces meet.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simplatform.envs.mesh.geometry.boundary import FIXED, INTERIOR, SLIDING, STRAIGHT
from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh
from simplatform.envs.mesh.user_files.groups import UNTAGGED, Groups
from simplatform.errors import UsageError

OUTER = -1
"""Label of a boundary facet that the file does not list."""


def constraints(mesh: Mesh, groups: Groups, hold: Sequence[str] = (), free: Sequence[str] = ()) -> tuple[Ints, Floats]:
    """Return flags ``(V,)`` and directions ``(V, d, d)`` as ``boundary.classify`` does, from the tags as well.

    ``hold`` names groups whose vertices stay, ``free`` groups of the inside that bind nothing.

    Raises:
        UsageError: no group of such a name; those that there are are listed.
    """
    freed = _vertices(groups, free)
    facets, labels = _features(mesh, groups, freed)
    borders = _borders(facets, labels, mesh.dim)
    edges = np.concatenate([borders, groups.edges]) if mesh.dim == 3 else np.zeros((0, 2), np.int64)
    flags = np.full(len(mesh.points), INTERIOR)
    directions = np.zeros((len(mesh.points), mesh.dim, mesh.dim))
    if mesh.dim == 1:
        flags[facets.ravel()] = FIXED
    elif mesh.dim == 2:
        _along(mesh.points, facets, labels, flags, directions)
    else:
        _within(mesh.points, facets, flags, directions)
        _along(mesh.points, edges, np.zeros(len(edges), np.int64), flags, directions)
    stays = np.concatenate([groups.points, _vertices(groups, hold)]).astype(np.int64)
    flags[stays] = FIXED
    directions[flags != SLIDING] = 0.0
    return flags, directions


def _vertices(groups: Groups, names: Sequence[str]) -> Ints:
    for name in names:
        if name not in groups.names:
            known = ", ".join(groups.names) or "none"
            raise UsageError(f"no group {name!r} in the mesh; it has {known}")
    found = [groups.names[name] for name in names] or [np.zeros(0, np.int64)]
    return np.unique(np.concatenate(found)).astype(np.int64)


def _features(mesh: Mesh, groups: Groups, freed: Ints) -> tuple[Ints, Ints]:
    """Return facets that keep their place, and a label of each: the file's own tag, the pair of materials, or OUTER."""
    everywhere, cells = _facets(mesh)
    keys, inverse, counts = np.unique(np.sort(everywhere, 1), axis=0, return_inverse=True, return_counts=True)
    inverse = inverse.ravel()
    low = np.full(len(keys), np.iinfo(np.int64).max)
    high = np.full(len(keys), np.iinfo(np.int64).min)
    np.minimum.at(low, inverse, groups.labels[cells])
    np.maximum.at(high, inverse, groups.labels[cells])
    outer = counts == 1
    between = ~outer & (low != high)
    if len(freed):
        between &= ~np.isin(keys, freed).all(1)
    size = int(groups.labels.max(initial=0)) + 1
    label = np.where(outer, OUTER, -2 - (low * size + high))
    kept = outer | between
    own = {tuple(int(v) for v in keys[number]): number for number in range(len(counts))}
    for facet, tag in zip(np.sort(groups.facets, 1), groups.facet_labels, strict=True):
        at = own.get(tuple(int(v) for v in facet))
        if at is None or (not outer[at] and len(freed) and bool(np.isin(facet, freed).all())):
            continue  # a line beside the cells' own facets binds nothing, nor does what was set free
        kept[at] = True
        if tag != UNTAGGED:
            label[at] = 2 * int(tag) + int(not outer[at])
    return keys[kept].astype(np.int64), label[kept].astype(np.int64)


def _facets(mesh: Mesh) -> tuple[Ints, Ints]:
    """Return all facets of all cells ``(N, d)`` (quadrilaterals' edges too) and the cell of each."""
    known: dict[str, list[tuple[int, ...]]] = {
        "line": [(0,), (1,)],
        "triangle": [(0, 1), (1, 2), (2, 0)],
        "quad": [(0, 1), (1, 2), (2, 3), (3, 0)],
        "tetra": [(0, 1, 2), (0, 1, 3), (0, 2, 3), (1, 2, 3)],
    }
    corners = known[mesh.kind]
    facets = np.concatenate([mesh.cells[:, list(corner)] for corner in corners])
    return facets, np.tile(np.arange(len(mesh.cells)), len(corners))


def _borders(facets: Ints, labels: Ints, dim: int) -> Ints:
    """Return edges between facets of different labels, in space."""
    if dim < 3 or not len(facets):
        return np.zeros((0, 2), np.int64)
    edges = np.concatenate([facets[:, [0, 1]], facets[:, [1, 2]], facets[:, [0, 2]]])
    marks = np.tile(labels, 3)
    keys, inverse = np.unique(np.sort(edges, 1), axis=0, return_inverse=True)
    inverse = inverse.ravel()
    low, high = np.full(len(keys), np.iinfo(np.int64).max), np.full(len(keys), np.iinfo(np.int64).min)
    np.minimum.at(low, inverse, marks)
    np.maximum.at(high, inverse, marks)
    found: Ints = keys[low != high].astype(np.int64)
    return found


def _along(points: Floats, edges: Ints, labels: Ints, flags: Ints, directions: Floats) -> None:
    """Let vertices of two collinear edges of one label slide along them; hold the others that edges touch."""
    touching: dict[int, list[tuple[int, int]]] = {}
    for (a, b), label in zip(edges.tolist(), labels.tolist(), strict=True):
        touching.setdefault(a, []).append((b, label))
        touching.setdefault(b, []).append((a, label))
    for vertex, others in touching.items():
        flags[vertex], directions[vertex] = FIXED, 0.0
        if len(others) != 2 or others[0][1] != others[1][1]:
            continue
        ahead, behind = (points[other] - points[vertex] for other, _ in others)
        ahead, behind = ahead / np.linalg.norm(ahead), behind / np.linalg.norm(behind)
        bend = np.linalg.norm(ahead + behind)
        if bend < STRAIGHT:
            flags[vertex] = SLIDING
            directions[vertex, 0] = ahead


def _within(points: Floats, facets: Ints, flags: Ints, directions: Floats) -> None:
    """Let vertices of coplanar faces slide within them: the null space of their normals' mean n nᵀ."""
    corners = points[facets]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), np.finfo(float).tiny)
    spread, count = np.zeros((len(points), 3, 3)), np.zeros(len(points))
    np.add.at(spread, facets.ravel(), np.repeat(normals[:, :, None] * normals[:, None], 3, axis=0))
    np.add.at(count, facets.ravel(), 1)
    touched = np.flatnonzero(count)
    values, vectors = np.linalg.eigh(spread[touched] / count[touched, None, None])
    open_ = values < STRAIGHT**2
    flags[touched] = np.where(open_.any(1), SLIDING, FIXED)
    directions[touched] = np.where(open_[:, :, None], vectors.transpose(0, 2, 1), 0.0)
