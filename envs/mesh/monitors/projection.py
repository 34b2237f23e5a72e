"""The error of a Ritz projection as a function of where the vertices are, and its gradient by one adjoint solve.

u_h is the P1 solution of −Δu_h = f = −Δũ with u_h = ũ on the boundary, J = ‖u_h − ũ‖². With λ the solution of the same
system for ∂J/∂u_h, the derivative of J as vertex i of a cell K moves is that of

    L_K = ∫_K (u_h − ũ)² + λf − ∇λ·∇u_h,

whose parts follow from ∂|K| = |K|∇ψ_i, ∂∇u = −∇ψ_i ⊗ ∇u, and ∂x = ψ_i at quadrature points.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simplatform.envs.mesh.finite_elements.assembly import Assembly, Solve
from simplatform.envs.mesh.finite_elements.p1 import QUADRATURE
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.geometry.simplices import determinants, hat_gradients
from simplatform.envs.mesh.monitors.smooth import Smooth

MARGIN, BARRIER = 0.15, 0.05
"""Share of its area below which a cell costs, and how much."""
THIN, WALL = 0.35, 0.05
"""Quality below which a cell costs, and how much."""
AT, WEIGHTS = QUADRATURE[4]
ROUND = 4 * 3**0.5
"""Quality of a triangle is ``ROUND`` times area over the sum of squared edges."""
RESOLVED = 0.1
"""Largest share of the projection's error that a smooth function may leave at vertices for this error to be one."""
EXACT = 1e-9
"""Residual, where systems are too large for a factorisation."""


@dataclass(frozen=True)
class _Cells:
    """Triangles at some places: corners ``(C, 3, 2)``, hat gradients, areas, and ũ's derivatives at ``AT`` in each."""

    corners: Floats
    hats: Floats
    areas: Floats
    jet: tuple[Floats, ...]


@dataclass(frozen=True)
class _Projected:
    """A projection: its matrices per cell and what solves them, u_h, u_h − ũ at ``AT``, J, and ∇ũ on the boundary."""

    cells: _Cells
    stiffness: Floats
    solve: Solve
    solution: Floats
    gap: Floats
    squared: float
    border_slope: Floats


class ProjectionError:
    """log ‖u_h − ũ‖ of the Ritz projection on a mesh at other places, with a wall before crowded and thin cells."""

    def __init__(self, mesh: Mesh, smooth: Smooth) -> None:
        """Take the mesh of triangles, whose connectivity stays, and the smooth function."""
        self._mesh, self._smooth, self._inner = mesh, smooth, ~mesh.boundary
        self._border, self._before = np.flatnonzero(mesh.boundary), np.abs(mesh.volumes)
        numbers = np.where(self._inner, np.cumsum(self._inner) - 1, -1)
        self._assembly = Assembly(mesh.cells, numbers[:, None], rtol=EXACT)

    def __call__(self, points: Floats) -> tuple[float, Floats]:
        """Return the value at points ``(V, 2)`` and its gradient, ``(V, 2)``.

        Raises:
            SolverError: a cell is flat.
        """
        found, cells = self._projected(points), self._mesh.cells
        pull = self._scattered(2 * found.cells.areas[:, None] * ((found.gap * WEIGHTS) @ AT))
        adjoint = np.zeros(len(points))
        adjoint[self._inner] = found.solve(pull[self._inner])
        crowding, slope = _walls(found.cells, self._before)
        slope = slope + _derivative(found, found.solution[cells], adjoint[cells]) / (2 * found.squared)
        gradient = np.stack([self._scattered(slope[..., axis]) for axis in range(2)], axis=1)
        held = (pull - self._times(found.stiffness, adjoint))[self._border] / (2 * found.squared)
        gradient[self._border] += held[:, None] * found.border_slope
        return 0.5 * float(np.log(found.squared)) + crowding, gradient

    def error(self, points: Floats) -> float:
        """Return ‖u_h − ũ‖ at points ``(V, 2)``, without walls.

        Raises:
            SolverError: a cell is flat.
        """
        return float(np.sqrt(self._projected(points).squared))

    def _projected(self, points: Floats) -> _Projected:
        cells, border = self._looked(points), self._smooth.jet(points[self._border])
        stiffness = cells.areas[:, None, None] * (cells.hats @ cells.hats.transpose(0, 2, 1))
        solve = self._assembly.solver(stiffness)
        solution = np.zeros(len(points))
        solution[self._border] = border[0]
        load = self._scattered(cells.areas[:, None] * ((cells.jet[2] * WEIGHTS) @ AT))
        solution[self._inner] = solve((load - self._times(stiffness, solution))[self._inner])
        gap = solution[self._mesh.cells] @ AT.T - cells.jet[0]
        squared = max(float(cells.areas @ (gap**2 @ WEIGHTS)), np.finfo(float).tiny)
        return _Projected(cells, stiffness, solve, solution, gap, squared, border[1])

    def _looked(self, points: Floats) -> _Cells:
        corners = points[self._mesh.cells]
        jet = self._smooth.jet((AT @ corners).reshape(-1, 2))
        parts = tuple(part.reshape(len(corners), len(AT), *part.shape[1:]) for part in jet)
        return _Cells(corners, hat_gradients(corners), determinants(corners[:, 1:] - corners[:, :1]) / 2, parts)

    def _scattered(self, local: Floats) -> Floats:
        """Sum what cells give their corners, ``(C, 3)``, into vertices, ``(V,)``."""
        return np.asarray(np.bincount(self._mesh.cells.ravel(), local.ravel(), len(self._mesh.points)), np.float64)

    def _times(self, local: Floats, nodal: Floats) -> Floats:
        return self._scattered((local @ nodal[self._mesh.cells][..., None])[..., 0])


def _derivative(found: _Projected, solution: Floats, adjoint: Floats) -> Floats:
    """Return what J changes by as each corner of each cell moves and ũ on the boundary stays, ``(C, 3, 2)``."""
    cells, gap = found.cells, found.gap
    _, slope, source, rise = cells.jet
    flow, back = (nodal[:, None] @ cells.hats for nodal in (solution, adjoint))
    inside = adjoint @ AT.T
    density = (gap**2 + inside * source) @ WEIGHTS - (flow * back).sum((1, 2))
    local: Floats = density[:, None, None] * cells.hats
    local += (cells.hats @ flow.transpose(0, 2, 1)) * back + (cells.hats @ back.transpose(0, 2, 1)) * flow
    local += (AT.T * WEIGHTS) @ (inside[..., None] * rise - 2 * gap[..., None] * slope)
    return cells.areas[:, None, None] * local


def _walls(cells: _Cells, before: Floats) -> tuple[float, Floats]:
    """Return the price of crowded and thin cells, and its derivative by the places of corners, ``(C, 3, 2)``."""
    centred = cells.corners - cells.corners.mean(1, keepdims=True)
    edges = 3 * (centred**2).sum((1, 2))
    quality = ROUND * cells.areas / edges
    small, thin = np.maximum(MARGIN - cells.areas / before, 0), np.maximum(THIN - quality, 0)
    by_area = -2 * BARRIER * small * cells.areas / before - 2 * WALL * thin * quality
    slope = by_area[:, None, None] * cells.hats + (12 * WALL * thin * quality / edges)[:, None, None] * centred
    return float(BARRIER * (small**2).sum() + WALL * (thin**2).sum()), slope
