"""The energy that an anisotropic mesh makes smallest: interpolation error times misalignment, cell by cell.

On a cell K with vertices P_i, centre c and |H| = H there, s = (d + 1) Σ_i (P_i − c)ᵀH(P_i − c) is the sum of eᵀHe
over its edges, and |K|·s² the square of the linear interpolation error of a function with that Hessian, up to a factor
between two bounds. Misalignment is s/(det H^(1/d) |K|^(2/d)), smallest where K is equilateral in H. With its power d

    E = Σ_K s^(2 + d) / (det H · (|K| − f|K₀|)),

which no cell that lost all but a share f of its volume can reach. H is linear in each cell of the mesh that it is
given on.
"""

from __future__ import annotations

from math import factorial

import numpy as np
from scipy import sparse

from simplatform.envs.mesh.geometry.location import Locator
from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh


class Energy:
    """E of a mesh at any places of its vertices, its gradient, and a positive approximation of its Hessian."""

    def __init__(self, mesh: Mesh, curvature: Floats, home: Mesh | None = None, floor: float = 0.0) -> None:
        """Take a mesh of simplices and |H| ``(V, d, d)`` at the vertices of ``home``, by default the mesh's own.

        ``floor`` is f: places where a cell keeps no more than that of its volume have infinite energy.
        """
        self.mesh, self.home, self.curvature, self.floor = mesh, home or mesh, curvature, floor
        self._locator = Locator(self.home)
        self._at: Ints | None = None
        self._slopes = hat_gradients(self.home.points[self.home.cells])
        self._before = np.abs(mesh.volumes)

    def value(self, points: Floats) -> float:
        """Return E at points ``(V, d)``; infinite where a cell is inverted or below the floor."""
        return float(self._cells().sum()) if self._look(points) else np.inf

    def gradient(self, points: Floats) -> Floats:
        """Return ∂E/∂points, ``(V, d)``, where E is finite."""
        energies, dim = self._cells() if self._look(points) else np.full(len(self._before), np.nan), self.mesh.dim
        corners = dim + 1
        found = ((2 + dim) * energies / self._size * 2 * corners)[:, None, None] * self._pulled
        found -= (energies * self._volumes / self._room)[:, None, None] * hat_gradients(points[self.mesh.cells])
        nodal = self.curvature[self.home.cells[self._at]].reshape(len(energies), corners, -1)
        change = (nodal.transpose(0, 2, 1) @ self._slopes[self._at]).reshape(-1, dim, dim, dim)
        spread = self._centred.transpose(0, 2, 1) @ self._centred
        size = corners * np.einsum("nab,nabg->ng", spread, change, optimize=True)
        log_det = np.einsum("nab,nabg->ng", inverses(self._here), change, optimize=True)
        along = (2 + dim) * (energies / self._size)[:, None] * size - energies[:, None] * log_det
        self._local = found + along[:, None] / corners
        return self._scattered(self._local)

    def hessian(self) -> sparse.csr_array:
        """Return Σ_K E_K ((2 + d)/s · s″ + ∇log E_K ∇log E_Kᵀ) where the gradient was last asked for, ``(dV, dV)``.

        It is positive semi-definite: what is left out are the second derivatives of log s that are negative, of log |K|
        and of H. Coordinates are ordered x of all, y of all, z of all.
        """
        dim, corners, size = self.mesh.dim, self.mesh.dim + 1, len(self.mesh.points)
        centring = np.eye(corners) - 1 / corners
        weights = (2 + dim) * self._energies / self._size * 2 * corners
        local = np.einsum("n,nab,ij->naibj", weights, self._here, centring, optimize=True)
        local += np.einsum("n,nia,njb->naibj", 1 / self._energies, self._local, self._local, optimize=True)
        numbers = np.arange(dim)[None, :, None] * size + self.mesh.cells[:, None, :]
        shape = local.shape
        rows = np.broadcast_to(numbers[:, :, :, None, None], shape).ravel()
        columns = np.broadcast_to(numbers[:, None, None], shape).ravel()
        return sparse.coo_array((local.ravel(), (rows, columns)), shape=(dim * size, dim * size)).tocsr()

    def _look(self, points: Floats) -> bool:
        """Find what cells need at some places; return whether they are all valid there."""
        corners = points[self.mesh.cells]
        self._volumes = determinants(corners[:, 1:] - corners[:, :1]) / factorial(self.mesh.dim)
        self._room = self._volumes - self.floor * self._before
        if not (self._room > 0).all():
            return False
        centres = corners.mean(1)
        self._at, weights = self._locator.find(centres, self._at)
        self._here = np.einsum("nk,nkab->nab", weights, self.curvature[self.home.cells[self._at]], optimize=True)
        self._centred = corners - centres[:, None]
        self._pulled = self._centred @ self._here
        self._size = (self.mesh.dim + 1) * (self._centred * self._pulled).sum((1, 2))
        return True

    def _cells(self) -> Floats:
        found: Floats = self._size ** (2 + self.mesh.dim) / (determinants(self._here) * self._room)
        self._energies = found
        return found

    def _scattered(self, local: Floats) -> Floats:
        cells, size = self.mesh.cells.ravel(), len(self.mesh.points)
        return np.stack([np.bincount(cells, part.ravel(), size) for part in np.moveaxis(local, -1, 0)], axis=1)


def determinants(matrices: Floats) -> Floats:
    """Return the determinants of small matrices ``(N, d, d)``; in the plane several times faster than LAPACK."""
    if matrices.shape[-1] != 2:
        return np.asarray(np.linalg.det(matrices), np.float64)
    return matrices[:, 0, 0] * matrices[:, 1, 1] - matrices[:, 0, 1] * matrices[:, 1, 0]


def inverses(matrices: Floats) -> Floats:
    """Return the inverses of small matrices ``(N, d, d)``, likewise."""
    if matrices.shape[-1] != 2:
        return np.asarray(np.linalg.inv(matrices), np.float64)
    (a, b), (c, d) = matrices.transpose(1, 2, 0)
    return np.stack([d, -b, -c, a], axis=-1).reshape(-1, 2, 2) / determinants(matrices)[:, None, None]


def hat_gradients(corners: Floats) -> Floats:
    """Return the gradients of the linear hat functions of simplices ``(C, d + 1, d)``, likewise."""
    inverse = inverses((corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1))
    found: Floats = np.concatenate([-inverse.sum(1, keepdims=True), inverse], axis=1)
    return found
