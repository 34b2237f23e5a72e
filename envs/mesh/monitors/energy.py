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

from simplatform.envs.mesh.geometry.location import Locator
from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh
from simplatform.envs.mesh.geometry.simplices import determinants, hat_gradients, inverses


class Energy:
    """E of a mesh at any places of its vertices, its gradient, and a positive approximation of its Hessian."""

    def __init__(self, mesh: Mesh, curvature: Floats, home: Mesh | None = None, floor: float = 0.0) -> None:
        """Take a mesh of simplices and |H| ``(V, d, d)`` at the vertices of ``home``, by default the mesh's own.

        ``floor`` is f: places where a cell keeps no more than that of its volume have infinite energy.
        """
        self.mesh, self.home, self.curvature, self.floor = mesh, home or mesh, curvature, floor
        self._locator = Locator(self.home)
        # Centres of cells lie in their own cells, as long as the mesh is the one that |H| is given on.
        self._at: Ints | None = np.arange(len(mesh.cells)) if home is None else None
        self._slopes = hat_gradients(self.home.points[self.home.cells])
        self._before = np.abs(mesh.volumes)

    def value(self, points: Floats) -> float:
        """Return E at points ``(V, d)``; infinite where a cell is inverted or below the floor."""
        return float(self._cells().sum()) if self._look(points) else np.inf

    def interpolation(self, points: Floats) -> float:
        """Return Σ_K |K|s² at points ``(V, d)``, the square of the interpolation error alone, likewise infinite."""
        return float((self._volumes * self._size**2).sum()) if self._look(points) else np.inf

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

    def hessians(self) -> Floats:
        """Return E_K ((2 + d)/s · s″ + ∇log E_K ∇log E_Kᵀ) of each cell where the gradient was last asked for.

        ``(C, d, d + 1, d, d + 1)``, axes before corners. Their sum is positive semi-definite: what is left out are the
        second derivatives of log s that are negative, of log |K| and of H.
        """
        dim, corners = self.mesh.dim, self.mesh.dim + 1
        centring = np.eye(corners) - 1 / corners
        weights = (2 + dim) * self._energies / self._size * 2 * corners
        slope = self._local.transpose(0, 2, 1)
        found = (slope / self._energies[:, None, None])[:, :, :, None, None] * slope[:, None, None]
        found += (weights[:, None, None] * self._here)[:, :, None, :, None] * centring[:, None]
        return np.asarray(found, np.float64)

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
