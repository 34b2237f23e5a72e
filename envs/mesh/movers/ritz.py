"""Ritz mover: vertices go where the finite-element error itself is small, judged by a smooth stand-in for the solution.

The nodal solution is fitted by a twice differentiable function ũ (``monitors.smooth``). On any mesh its Ritz
projection, the P1 solution of −Δu_h = −Δũ with u_h = ũ on the boundary, has a known error u_h − ũ, whose L2 norm is
descended on through the solver (``fem_torch``). Neither the equation nor the true solution is seen: for problems of
second order the error depends on derivatives of the solution and on the mesh, and little on lower-order terms. One
solve and one adjoint solve a step: slow beside movers that see a monitor, and beside remeshing it adds what no metric
says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from simplatform.envs.mesh.geometry.boundary import classify, freedom_of
from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh, corner_volumes
from simplatform.envs.mesh.monitors.smooth import Smooth
from simplatform.envs.mesh.movers.base import Moved
from simplatform.errors import ConfigError

if TYPE_CHECKING:
    from torch import Tensor

    from simplatform.envs.mesh.finite_elements.fem_torch import Space

FLOOR = 0.06
"""Share of its volume that every cell keeps."""
MARGIN, BARRIER = 0.15, 0.05
"""Share of its area below which a cell costs, and how much."""
FIRST, SECOND = 0.9, 0.99
"""Decay of Adam's moments."""
DEGREE = 4
"""Polynomials up to which loads and errors are integrated exactly."""
THIN, WALL = 0.35, 0.05
"""Quality below which a cell costs, and how much."""
SHORTER = 0.6
RESOLVED = 0.1
"""Where the smooth function leaves more than this share of the projection's error at vertices, nothing moves."""


def ritz(
    mesh: Mesh,
    smooth: Smooth,
    *,
    allowed: tuple[Ints, Floats] | None = None,
    original: Mesh | None = None,
    steps: int = 20,
    step_size: float = 0.2,
) -> Moved:
    """Return the displacement after ``steps`` steps of Adam, the best of all; triangles only.

    Nothing moves where the smooth function is too coarse to judge by (``RESOLVED``). The first step is ``step_size`` of
    the mean edge, the last none. Cells keep ``FLOOR`` of their volume, and of that in ``original`` where the mesh has
    moved already. Vertices keep to ``allowed``, flags and directions of ``classify``. The history and
    the residual are the projection's error over that on the mesh as it was.

    Raises:
        ConfigError: not triangles.
        SolverError: a matrix is singular.
    """
    if mesh.kind != "triangle":
        raise ConfigError(f"the Ritz mover takes triangles, got {mesh.kind} cells")
    free, error = freedom_of(*(allowed or classify(mesh))), ProjectionError(mesh, smooth)
    if smooth.misfit > RESOLVED * np.exp(error(mesh.points)[0]):
        return Moved(np.zeros_like(mesh.points), 0, 1.0, False)
    least = FLOOR * np.maximum(mesh.corner_volumes, 0 if original is None else original.corner_volumes)
    edge = float(np.linalg.norm(np.diff(mesh.points[mesh.edges], axis=1), axis=2).mean())
    place, mean, square = np.zeros(free.shape[1]), np.zeros(free.shape[1]), np.zeros(free.shape[1])
    history: list[float] = []
    best = (np.inf, place)
    for step in range(steps + 1):
        value, gradient = error(mesh.points + _displaced(free, place))
        history.append(value)
        best = min(best, (value, place), key=lambda pair: pair[0])
        slope = free.T @ gradient.T.ravel()
        mean, square = FIRST * mean + (1 - FIRST) * slope, SECOND * square + (1 - SECOND) * slope**2
        rise = np.sqrt(square / (1 - SECOND ** (step + 1))) + np.finfo(float).tiny
        wish = -step_size * edge * (1 - step / steps) * mean / (1 - FIRST ** (step + 1)) / rise
        place = place + _valid_share(mesh, least, free, place, wish) * wish
    shares = tuple(float(np.exp(value - history[0])) for value in history)
    return Moved(_displaced(free, best[1]), steps, min(shares), True, shares)


class ProjectionError:
    """log ‖u_h − ũ‖ of the Ritz projection on a mesh at other places, with a wall before crowded cells."""

    def __init__(self, mesh: Mesh, smooth: Smooth) -> None:
        """Take the mesh, whose connectivity stays, and the smooth function."""
        import torch

        self._smooth, self._torch = smooth, torch
        self._cells, self._fixed = torch.as_tensor(mesh.cells), torch.as_tensor(mesh.boundary)
        self._owners = torch.zeros(len(mesh.points), dtype=torch.int64), torch.zeros(len(mesh.cells), dtype=torch.int64)
        self._before = torch.as_tensor(np.abs(mesh.volumes))

    def __call__(self, points: Floats) -> tuple[float, Floats]:
        """Return the value at points ``(V, 2)`` and its gradient, ``(V, 2)``."""
        from simplatform.envs.mesh.finite_elements.fem_torch import Space, solve_elliptic

        with self._torch.enable_grad():
            places = self._torch.tensor(points, requires_grad=True)
            space = Space(places, self._cells, *self._owners)
            # Load and error share their quadrature points, where the smooth function is asked once for both.
            value, source = self._smooth.both(space.at(space.quadrature(DEGREE)[0]))
            held = self._smooth.value(places)
            values = solve_elliptic(space, lambda *_: source, self._fixed, held)
            squared = space.squared_error(values, lambda *_: value, 1, DEGREE).sum()
            crowding = self._torch.relu(MARGIN - space.areas / self._before).square().sum()
            thinness = self._torch.relu(THIN - self._quality(space)).square().sum()
            total = 0.5 * squared.clamp_min(np.finfo(float).tiny).log() + BARRIER * crowding + WALL * thinness
            (gradient,) = self._torch.autograd.grad(total, places)
        return float(total.detach()), np.asarray(gradient, float)

    def _quality(self, space: Space) -> Tensor:
        """Return 4√3·area / Σ edge² of each triangle, ``(C,)``."""
        u, v = space.edges
        squares = u.square().sum(1) + v.square().sum(1) + (u - v).square().sum(1)
        return 4 * 3**0.5 * space.areas / squares


def _displaced(free: sparse.csr_array, place: Floats) -> Floats:
    found: Floats = (free @ place).reshape(2, -1).T
    return found


def _valid_share(mesh: Mesh, least: Floats, free: sparse.csr_array, place: Floats, wish: Floats) -> float:
    """Return the largest power of ``SHORTER`` that leaves every cell its ``least`` area, or 0."""
    for power in range(40):
        moved = mesh.points + _displaced(free, place + SHORTER**power * wish)
        if (corner_volumes(moved, mesh.cells) >= least).all():
            return SHORTER**power
    return 0.0
