"""Meshes as other programs hand them out: padded coordinates, unused vertices, cells of either orientation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from simplatform.envs.mesh.geometry.mesh import KINDS, Floats, Ints, Mesh
from simplatform.envs.mesh.geometry.validity import check_mesh, oriented
from simplatform.envs.mesh.user_files.groups import UNTAGGED, Groups
from simplatform.envs.mesh.user_files.mesh_file import flattened
from simplatform.errors import DataError

BY_CORNERS = {2: "line", 3: "triangle", 4: "tetra"}
COLUMNS = 3


@dataclass(frozen=True)
class Given:
    """A mesh as it was given: ``points (N, 1 to 3)``, and in it the movable ``mesh``.

    ``used`` are the numbers of the mesh's vertices among the points, ``axes (d, 3)`` its own axes in space.
    """

    points: Floats
    mesh: Mesh
    used: Ints
    axes: Floats

    def moved(self, displacement: Floats) -> Floats:
        """Return all points in the form that they were given in, those that do not move to the bit."""
        points = self.points.copy()
        points[self.used] += (displacement @ self.axes)[:, : points.shape[1]]
        return points

    def nodal(self, values: Any, what: str) -> Floats:
        """Return values ``(N, …)`` at the vertices of the mesh.

        Raises:
            DataError: not one row for each point.
        """
        found = np.asarray(values, float)
        if found.ndim < 1 or len(found) != len(self.points):
            raise DataError(f"{what} has one row for each of the {len(self.points)} points, got shape {found.shape}")
        return found[self.used]

    def numbers(self, vertices: Any, what: str) -> Ints:
        """Return numbers of points, or a mask of them, as numbers of the mesh's vertices; unused points fall out.

        Raises:
            DataError: no whole numbers, or none of these points'.
        """
        found = np.asarray(vertices)
        if found.dtype == bool and found.shape == (len(self.points),):
            found = np.flatnonzero(found)
        if found.size and (found.dtype.kind not in "iu" or found.min() < 0 or found.max() >= len(self.points)):
            raise DataError(f"{what} are numbers of points, 0 to {len(self.points) - 1}, or a mask of all of them")
        place = np.full(len(self.points), -1)
        place[self.used] = np.arange(len(self.used))
        numbers = place[found.astype(np.int64)]
        kept: Ints = numbers[(numbers >= 0).all(axis=1)] if numbers.ndim == 2 else numbers[numbers >= 0]
        return kept


def given(points: Any, cells: Any, kind: str | None = None) -> Given:
    """Take ``points (N, 1 to 3)`` and ``cells (C, k)`` of any integer type; nothing that is given is changed.

    ``kind`` is found from the shapes: two corners are lines, three triangles, four tetrahedra in space and else
    quadrilaterals, whose corners go round.

    Raises:
        DataError: tables of other shapes, mixed or curved cells, or a fault of ``check_mesh``.
    """
    places, table = np.array(points, float), np.asarray(cells)
    if places.ndim != 2 or places.shape[1] not in (1, 2, 3):
        raise DataError(f"points are (N, 2) or (N, 3), got {places.shape}")
    if table.ndim != 2 or table.dtype.kind not in "iu":
        raise DataError(f"cells are a table (C, k) of vertex numbers, got {table.dtype} {table.shape}")
    chosen = kind or _kind(places, table.shape[1])
    if chosen not in KINDS or KINDS[chosen][1] != table.shape[1]:
        raise DataError(f"cells of {table.shape[1]} corners are no {chosen}: movers take {', '.join(KINDS)} of order 1")
    if table.size and (table.min() < 0 or table.max() >= len(places)):
        raise DataError(f"a cell names vertex {int(table.max())}, but there are {len(places)} points")
    used, renumbered = np.unique(table.astype(np.int64), return_inverse=True)
    whole = np.zeros((len(places), COLUMNS))
    whole[:, : places.shape[1]] = places
    flat, axes = flattened(whole[used], KINDS[chosen][0], "the mesh")
    mesh = check_mesh(oriented(Mesh(flat, renumbered.reshape(table.shape), chosen)))
    return Given(places, mesh, used, axes)


def tagged(of: Given, tags: Any = None, facets: Any = None, facet_tags: Any = None, hold: Any = None) -> Groups:
    """Return what tags say: materials ``tags (C,)``, ``facets (F, d)`` with ``facet_tags (F,)``, points that stay.

    Raises:
        DataError: tables that do not fit the mesh or each other.
    """
    mesh = of.mesh
    labels = np.zeros(len(mesh.cells), np.int64) if tags is None else _whole(tags, len(mesh.cells), "tags", "cell")
    table = np.zeros((0, mesh.dim), np.int64) if facets is None else np.asarray(facets)
    if table.ndim != 2 or table.shape[1] != mesh.dim:
        raise DataError(f"facets of {mesh.kind} cells are (F, {mesh.dim}), got {table.shape}")
    marks = np.full(len(table), UNTAGGED)
    if facet_tags is not None:
        marks = _whole(facet_tags, len(table), "facet_tags", "facet")
    inside = np.isin(table, of.used).all(axis=1)
    stays = of.numbers(np.zeros(0, np.int64) if hold is None else hold, "hold")
    own = of.numbers(table[inside], "facets") if len(table) else table.astype(np.int64)
    _, shifted = np.unique(labels, return_inverse=True)
    return Groups(shifted.ravel(), own, marks[inside], np.zeros((0, 2), np.int64), stays, {})


def _kind(points: Floats, corners: int) -> str:
    if corners == 4 and (points.shape[1] < COLUMNS or not np.ptp(points[:, 2])):
        return "quad"
    if corners not in BY_CORNERS:
        raise DataError(
            f"cells of {corners} corners: movers take lines, triangles, quadrilaterals and tetrahedra of order 1; of "
            "higher-order cells give the corners"
        )
    return BY_CORNERS[corners]


def _whole(values: Any, size: int, what: str, each: str) -> Ints:
    found = np.asarray(values)
    if found.shape != (size,) or found.dtype.kind not in "iu":
        raise DataError(f"{what} hold a whole number per {each}: expected ({size},), got {found.dtype} {found.shape}")
    return found.astype(np.int64)
