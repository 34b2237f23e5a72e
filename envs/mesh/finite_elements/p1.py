"""P1 operators on triangles as sparse matrices: mass, stiffness, gradients, recovery, quadrature.

The movers call these every iteration; for boundary-value problems see ``fem``, which uses scikit-fem.
"""

from __future__ import annotations

from functools import cached_property

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from simplatform.envs.mesh.geometry.mesh import Floats, Mesh

QUADRATURE = {
    2: (np.array([[2 / 3, 1 / 6, 1 / 6], [1 / 6, 2 / 3, 1 / 6], [1 / 6, 1 / 6, 2 / 3]]), np.full(3, 1 / 3)),
}
_A, _B = 0.445948490915965, 0.091576213509771
_PERMUTED = [[1 - 2 * a if i == j else a for j in range(3)] for a in (_A, _B) for i in range(3)]
QUADRATURE[4] = (np.array(_PERMUTED), np.array([0.223381589678011] * 3 + [0.109951743655322] * 3))
"""Degree → barycentric points (q, 3) and weights (q,) that sum to 1 (Dunavant, 1985)."""


class P1:
    """Continuous piecewise-linear functions on a triangulation."""

    def __init__(self, mesh: Mesh) -> None:
        """Compute areas and gradients; matrices and factorisations are made on first use and kept."""
        self.mesh = mesh
        self.areas = np.abs(mesh.volumes)
        self.gradients = gradients(mesh)

    @property
    def size(self) -> int:
        """Number of unknowns."""
        return len(self.mesh.points)

    def assemble(self, local: Floats) -> sparse.csc_array:
        """Return the matrix of cell contributions ``(C, 3, 3)``."""
        rows = self.mesh.cells.repeat(3, axis=1).ravel()
        columns = np.tile(self.mesh.cells, (1, 3)).ravel()
        return sparse.csc_array((local.ravel(), (rows, columns)), shape=(self.size, self.size))

    def scatter(self, local: Floats) -> Floats:
        """Return the vector of cell contributions ``(C, 3)``."""
        return np.asarray(np.bincount(self.mesh.cells.ravel(), local.ravel(), self.size), np.float64)

    @cached_property
    def mass(self) -> sparse.csc_array:
        """∫ψ_i ψ_j."""
        return self.assemble(self.areas[:, None, None] * (np.ones((3, 3)) + np.eye(3)) / 12)

    @cached_property
    def stiffness(self) -> sparse.csc_array:
        """∫∇ψ_i·∇ψ_j."""
        return self.weighted_stiffness(np.broadcast_to(np.eye(2), (len(self.areas), 2, 2)))

    def weighted_stiffness(self, tensor: Floats) -> sparse.csc_array:
        """Return ∫∇ψ_i·A∇ψ_j for a tensor per cell, ``(C, 2, 2)``."""
        local = np.einsum("c,cia,cab,cjb->cij", self.areas, self.gradients, tensor, self.gradients, optimize=True)
        return self.assemble(local)

    @cached_property
    def lumped(self) -> Floats:
        """∫ψ_i."""
        return self.scatter(np.repeat(self.areas[:, None] / 3, 3, axis=1))

    @cached_property
    def _mass_factor(self) -> sparse.linalg.SuperLU:
        return splu(self.mass, permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})

    def project(self, load: Floats) -> Floats:
        """Return nodal values ``(V,)`` or ``(V, k)`` of the L2 projection with the given load ∫ψ_i f."""
        found: Floats = self._mass_factor.solve(np.ascontiguousarray(load))
        return found

    @cached_property
    def derivative(self) -> tuple[sparse.csr_array, sparse.csr_array]:
        """Matrices nodal values → ∂_x, ∂_y per cell, ``(C, V)``."""
        rows = np.arange(len(self.areas)).repeat(3)
        shape = (len(self.areas), self.size)
        parts = [sparse.csr_array((self.gradients[..., a].ravel(), (rows, self.mesh.cells.ravel())), shape=shape)
                 for a in range(2)]  # fmt: skip
        return parts[0], parts[1]

    @cached_property
    def averaging(self) -> sparse.csc_array:
        """Matrix cell values → ∫ψ_i f, ``(V, C)``."""
        columns = np.arange(len(self.areas)).repeat(3)
        values = (self.areas / 3).repeat(3)
        return sparse.csc_array((values, (self.mesh.cells.ravel(), columns)), shape=(self.size, len(self.areas)))

    def gradient(self, values: Floats) -> Floats:
        """Return the L2-projected gradient of nodal values, ``(V, 2)``."""
        return self.project(np.stack([self.averaging @ (d @ values) for d in self.derivative], axis=1))

    def hessian(self, values: Floats) -> Floats:
        """Return the weakly recovered Hessian (xx, xy, yy), ``(V, 3)``: ∫τ:H = −∫(div τ)·∇u + ∫_∂Ω ∇u·τn."""
        load = weak_hessian_loads(self, tangential=False)
        return self.project(np.stack([part @ values for part in load], axis=1))

    def squares(self, fields: Floats, multiplicity: Floats) -> Floats:
        """Return the L2 projection of Σ_k w_k f_k² for nodal fields ``(V, k)``: ``(V,)``."""
        points, weights = QUADRATURE[4]
        squares = (np.einsum("qk,ckf->cqf", points, fields[self.mesh.cells]) ** 2) @ multiplicity
        return self.project(self.scatter(np.einsum("c,q,cq,qk->ck", self.areas, weights, squares, points)))

    def misfit(self, values: Floats) -> Floats:
        """Return |G u − ∇u|² averaged around each vertex, G u the recovered gradient: ``(V,)``."""
        points, weights = QUADRATURE[2]
        raw = np.stack([d @ values for d in self.derivative], axis=1)
        differences = np.einsum("qk,ckd->cqd", points, self.gradient(values)[self.mesh.cells]) - raw[:, None]
        found: Floats = (self.averaging @ np.einsum("q,cqd->c", weights, differences**2)) / self.lumped
        return found

    def integral(self, values: Floats) -> float:
        """Return ∫ of nodal values."""
        return float(self.lumped @ values)


def gradients(mesh: Mesh) -> Floats:
    """Return the gradients of the three hat functions on each triangle, ``(C, 3, 2)``."""
    corners = mesh.points[mesh.cells]
    opposite = corners[:, [2, 0, 1]] - corners[:, [1, 2, 0]]
    turned = np.stack([-opposite[..., 1], opposite[..., 0]], axis=-1)
    return turned / (2 * mesh.volumes)[:, None, None]


def weak_hessian_loads(space: P1, *, tangential: bool) -> tuple[sparse.csr_array, sparse.csr_array, sparse.csr_array]:
    """Return matrices u → ∫ψ_i H_ab for ab = xx, xy, yy, symmetrised.

    The boundary term takes the whole gradient, or only its tangential part (as Monge–Ampère does, whose normal part
    vanishes by the boundary condition).
    """
    interior = {(a, b): -_weighted(space, a, b) for a in range(2) for b in range(2)}
    border = _border_loads(space, tangential)
    full = {key: (interior[key] + border[key]).tocsr() for key in interior}
    return full[0, 0], ((full[0, 1] + full[1, 0]) / 2).tocsr(), full[1, 1]


def _weighted(space: P1, a: int, b: int) -> sparse.csc_array:
    """∫∂_bψ_i ∂_aψ_j."""
    g = space.gradients
    return space.assemble(np.einsum("c,ci,cj->cij", space.areas, g[..., b], g[..., a]))


def _border_loads(space: P1, tangential: bool) -> dict[tuple[int, int], sparse.coo_array]:
    """∫_∂Ω ψ_i ∂_aψ_j n_b over boundary edges, each seen from its one cell."""
    cells, pairs = _border_cells(space.mesh)
    tails, heads = pairs.T
    along = space.mesh.points[heads] - space.mesh.points[tails]
    lengths = np.linalg.norm(along, axis=1)
    tangent = along / lengths[:, None]
    normal = np.stack([tangent[:, 1], -tangent[:, 0]], axis=1)
    slope = space.gradients[cells]
    if tangential:
        slope = (slope @ tangent[:, :, None]) * tangent[:, None, :]
    rows = pairs.repeat(3, axis=1).ravel()
    columns = np.tile(space.mesh.cells[cells], (1, 2)).ravel()
    result = {}
    for a, b in ((0, 0), (0, 1), (1, 0), (1, 1)):
        values = np.tile(slope[..., a] * (lengths / 2 * normal[:, b])[:, None], (1, 2)).ravel()
        result[a, b] = sparse.coo_array((values, (rows, columns)), shape=(space.size, space.size))
    return result


def _border_cells(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Return the cell of each boundary edge and its (tail, head), the cell on the left."""
    cell, opposite = np.nonzero(mesh.neighbours < 0)
    tails = mesh.cells[cell, (opposite + 1) % 3]
    heads = mesh.cells[cell, (opposite + 2) % 3]
    return cell, np.stack([tails, heads], axis=1)
