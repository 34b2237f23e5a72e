"""Fine-grid references for problems without an exact solution: the domain's own mesh, uniformly refined."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simplatform.envs.mesh.finite_elements.p1 import P1
from simplatform.envs.mesh.geometry.location import interpolant
from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh
from simplatform.errors import DataError


@dataclass(frozen=True, eq=False)
class Reference:
    """Nodal values on a fine mesh; ``error`` measures any P1 function against them in L2."""

    space: P1
    values: Floats

    def at(self, points: Floats) -> Floats:
        """Return the reference at points ``(N, 2)``: ``(N,)``, or ``(N, k)`` for vector fields."""
        return np.asarray(interpolant(self.space.mesh, self.values)(points))

    def error(self, mesh: Mesh, values: Floats) -> float:
        """Return ‖u_h − u_fine‖ in L2, both taken as P1 functions on the fine mesh; vector fields ``(V, k)`` summed."""
        difference = interpolant(mesh, values)(self.space.mesh.points) - self.values
        flat = difference.reshape(len(difference), -1)
        return float(np.sqrt(sum(column @ (self.space.mass @ column) for column in flat.T)))


def refined(mesh: Mesh, times: int = 1) -> Mesh:
    """Return the mesh with every triangle cut into four, ``times`` over.

    Raises:
        DataError: not triangles.
    """
    if mesh.kind != "triangle":
        raise DataError(f"uniform refinement is for triangles, got a mesh of {mesh.kind} cells")
    for _ in range(times):
        mesh = _refine_once(mesh)
    return mesh


def _refine_once(mesh: Mesh) -> Mesh:
    middle = mesh.points[mesh.edges].mean(axis=1)
    a, b, c = mesh.cells.T
    ab, bc, ca = (_edge_numbers(mesh, p, q) for p, q in ((a, b), (b, c), (c, a)))
    cells = np.concatenate([np.stack(part, axis=1) for part in ((a, ab, ca), (ab, b, bc), (ca, bc, c), (ab, bc, ca))])
    return Mesh(np.concatenate([mesh.points, middle]), cells)


def _edge_numbers(mesh: Mesh, p: Ints, q: Ints) -> Ints:
    """Return the numbers that the midpoints of edges p–q get."""
    size = len(mesh.points)
    keys = mesh.edges[:, 0] * size + mesh.edges[:, 1]
    found = np.searchsorted(keys, np.minimum(p, q) * size + np.maximum(p, q))
    return size + found
