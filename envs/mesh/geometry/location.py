"""Where points lie in a triangulation, and P1 interpolation there."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.spatial import cKDTree

from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh
from simplatform.envs.mesh.geometry.simplices import inverses

STEPS = 200


class Locator:
    """Finds the triangle of many points at once, by walking from cell to cell towards each point."""

    def __init__(self, mesh: Mesh) -> None:
        """Prepare for a mesh of simplices."""
        self.mesh = mesh
        corners = mesh.points[mesh.cells]
        self._origin = corners[:, 0]
        self._inverse = inverses((corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1))
        self._centres = cKDTree(corners.mean(axis=1))

    def barycentric(self, points: Floats, cells: Ints) -> Floats:
        """Return barycentric coordinates ``(N, d + 1)`` of points in the given cells."""
        rest = np.einsum("nij,nj->ni", self._inverse[cells], points - self._origin[cells])
        return np.concatenate([1 - rest.sum(axis=1, keepdims=True), rest], axis=1)

    def find(self, points: Floats, start: Ints | None = None) -> tuple[Ints, Floats]:
        """Return the cell of each point and its barycentric coordinates there, ``(N,)`` and ``(N, d + 1)``.

        Points outside the mesh get the boundary cell where the walk ended, or the one with the nearest centre, and
        coordinates clipped to it.
        """
        cells = self._centres.query(points)[1] if start is None else start.copy()
        nearest = cells.copy()
        active = np.arange(len(points))
        for _ in range(STEPS):
            weights = self.barycentric(points[active], cells[active])
            worst = weights.argmin(axis=1)
            ahead = self.mesh.neighbours[cells[active], worst]
            walking = (weights[np.arange(len(active)), worst] < -1e-12) & (ahead >= 0)
            if not walking.any():
                break
            active = active[walking]
            cells[active] = ahead[walking]
        return self._finish(points, cells, nearest)

    def _finish(self, points: Floats, cells: Ints, nearest: Ints) -> tuple[Ints, Floats]:
        """Where the walk met the boundary short of the point, take the best of the cells with near centres."""
        weights = self.barycentric(points, cells)
        lost = np.flatnonzero(weights.min(axis=1) < -1e-9)
        if len(lost):
            near = self._centres.query(points[lost], k=min(12, len(self.mesh.cells)))[1].reshape(len(lost), -1)
            near = np.concatenate([cells[lost, None], nearest[lost, None], near], axis=1)
            inside = np.stack([self.barycentric(points[lost], column).min(axis=1) for column in near.T])
            cells[lost] = near[np.arange(len(lost)), inside.argmax(axis=0)]
            weights[lost] = self.barycentric(points[lost], cells[lost])
        weights = np.maximum(weights, 0.0)
        return cells, weights / weights.sum(axis=1, keepdims=True)


def interpolant(mesh: Mesh, values: Floats) -> Callable[[Floats], Floats]:
    """Return the P1 function with nodal ``values (V, ...)`` as a function of points ``(N, d)``.

    On quads it is linear in each of the two triangles that a diagonal leaves. Successive calls start their search where
    the last one ended, which is fast for points that move little.
    """
    simplices, last = mesh.simplicial, [np.empty(0, np.int64)]
    locator = Locator(simplices)

    def evaluate(points: Floats) -> Floats:
        start = last[0] if len(last[0]) == len(points) else None
        cells, weights = locator.find(points, start)
        last[0] = cells
        found: Floats = np.einsum("nk,nk...->n...", weights, values[simplices.cells[cells]])
        return found

    return evaluate
