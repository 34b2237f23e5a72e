"""What is wrong with a mesh or a monitor function, said precisely, before anything moves."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.csgraph import connected_components

from simplatform.envs.mesh.geometry.mesh import FACETS, Floats, Ints, Mesh
from simplatform.errors import DataError

DUPLICATE = 1e-12
"""Vertices closer than this fraction of the mesh's extent are one vertex given twice."""


def tangled_cells(mesh: Mesh, reference: Mesh | None = None) -> Ints:
    """Return the numbers of cells with a corner of zero area or turned over against the reference's orientation."""
    sign = 1.0 if reference is None else np.sign(reference.corner_volumes)
    return np.flatnonzero((sign * mesh.corner_volumes <= 0).any(axis=1))


def check_mesh(mesh: Mesh) -> Mesh:
    """Return the mesh if it can be moved and solved on.

    Raises:
        DataError: the first fault found, naming vertex or cell numbers: non-finite points, numbers out of range, a cell
            that names a vertex twice, orphan or duplicate vertices, inverted or zero-area cells, facets of more than
            two cells, cells folded over their neighbours.
    """
    _check_numbers(mesh)
    _check_vertices(mesh)
    _check_cells(mesh)
    return mesh


def check_monitor(monitor: Floats, mesh: Mesh) -> Floats:
    """Return the monitor values ``(V,)`` as float64 if a mover can use them.

    Raises:
        DataError: wrong length, non-finite, negative, or zero everywhere; the first bad vertex is named.
    """
    values, size = np.asarray(monitor, float), len(mesh.points)
    if values.shape != (size,):
        raise DataError(f"a monitor has one value per vertex: expected shape ({size},), got {values.shape}")
    _refuse(~np.isfinite(values), "monitor is not finite at vertex", "replace NaN and infinite values")
    _refuse(
        values < 0, "monitor is negative at vertex", "a monitor is a density: use values > 0, such as 1 + α·q/max q"
    )
    if not values.any():
        raise DataError("the monitor is zero everywhere: nothing says where vertices should go; add a positive floor")
    return values


def _check_numbers(mesh: Mesh) -> None:
    if not len(mesh.points) or not len(mesh.cells):
        raise DataError(f"an empty mesh: {len(mesh.points)} vertices, {len(mesh.cells)} cells")
    _refuse(~np.all(np.isfinite(mesh.points), axis=1), "coordinates are not finite at vertex", "repair the file")
    wrong = np.any((mesh.cells < 0) | (mesh.cells >= len(mesh.points)), axis=1)
    _refuse(wrong, f"vertex numbers outside 0…{len(mesh.points) - 1} in cell", "repair the connectivity")
    ordered = np.sort(mesh.cells, axis=1)
    twice = np.any(ordered[:, 1:] == ordered[:, :-1], axis=1)
    _refuse(twice, "the same vertex twice in cell", "delete collapsed cells")


def _check_vertices(mesh: Mesh) -> None:
    used = np.bincount(mesh.cells.ravel(), minlength=len(mesh.points)) > 0
    _refuse(~used, "no cell uses vertex (orphan)", "remove orphans, for instance with `meshio` prune")
    low, high = mesh.bounds
    step = DUPLICATE * max(float((high - low).max()), np.finfo(float).tiny)
    _, first, inverse = np.unique(np.round((mesh.points - low) / step), axis=0, return_index=True, return_inverse=True)
    again = first[inverse.ravel()] != np.arange(len(mesh.points))
    _refuse(again, "same place as an earlier vertex (duplicate): vertex", "merge duplicates before moving")


def _check_cells(mesh: Mesh) -> None:
    scale = np.abs(mesh.corner_volumes).max()
    flat = np.any(np.abs(mesh.corner_volumes) <= 1e-14 * scale, axis=1)
    _refuse(flat, "zero area or volume in cell", "remove degenerate cells")
    inverted = np.any(mesh.corner_volumes < 0, axis=1)
    _refuse(inverted, "inverted (negative orientation) cell", "use `oriented`, or repair")
    facets, counts = mesh.facets
    shared = counts > 2
    if shared.any():
        where = facets[np.flatnonzero(shared)[0]].tolist()
        raise DataError(f"{int(shared.sum())} facets belong to more than two cells; the first has vertices {where}")
    conflicts = _conflicts(mesh)
    worst = conflicts == max(conflicts.max(), 1)
    _refuse(worst, "turned over (it lies on its neighbours' side of their common facets): cell", "untangle the mesh")


def _conflicts(mesh: Mesh) -> Ints:
    """Return with how many neighbours each cell shares a facet that both see from the same side, ``(C,)``.

    Two positively oriented cells on either side of a facet run through its vertices in opposite senses.
    """
    local = np.asarray(FACETS[mesh.kind])
    every = mesh.cells[:, local]
    if local.shape[1] == 1:
        sense = np.broadcast_to([-1, 1], every.shape[:2])
    else:
        pairs = [(i, j) for i in range(local.shape[1]) for j in range(i)]
        sense = np.prod([np.sign(every[..., i] - every[..., j]) for i, j in pairs], axis=0)
    flat = np.sort(every, axis=2).reshape(-1, local.shape[1])
    _, inverse = np.unique(flat, axis=0, return_inverse=True)
    total = np.bincount(inverse.ravel(), sense.ravel())
    indices: Ints = (np.abs(total[inverse.ravel()]) > 1.5).reshape(sense.shape).sum(axis=1)
    return indices


def check_connected(mesh: Mesh) -> Mesh:
    """Return the mesh if all of it hangs together.

    Raises:
        DataError: parts that do not touch; a vertex of the second is named.
    """
    tails, heads = mesh.edges.T
    size = len(mesh.points)
    graph = sparse.coo_array((np.ones(len(tails)), (tails, heads)), shape=(size, size))
    parts, labels = connected_components(graph, directed=False)
    _refuse(labels != labels[0], f"{parts} parts that do not touch; not in the first: vertex", "move each by itself")
    return mesh


def oriented(mesh: Mesh) -> Mesh:
    """Return the mesh with wholly negative cells renumbered to positive orientation (the geometry is the same).

    Raises:
        DataError: an empty mesh, non-finite points, numbers out of range, or a cell that names a vertex twice.
    """
    _check_numbers(mesh)
    with np.errstate(invalid="ignore"):
        negative = (mesh.corner_volumes < 0).all(axis=1)
    cells = mesh.cells.copy()
    if mesh.kind == "quad":
        cells[negative] = cells[negative][:, ::-1]
    else:
        cells[negative, :2] = cells[negative, :2][:, ::-1]
    return Mesh(mesh.points, cells, mesh.kind)


def _refuse(bad: np.ndarray, what: str, fix: str) -> None:
    numbers = np.flatnonzero(bad)
    if len(numbers):
        more = f" (and {len(numbers) - 1} more)" if len(numbers) > 1 else ""
        raise DataError(f"{what} {numbers[0]}{more}: {fix}")
