"""Ritz mover: vertices go where the finite-element error itself is small, judged by a smooth stand-in for the solution.

The nodal solution is fitted by a twice differentiable function ũ (``monitors.smooth``). On any mesh its Ritz
projection, the P1 solution of −Δu_h = −Δũ with u_h = ũ on the boundary, has a known error u_h − ũ, whose L2 norm is
descended on through the solver (``projection``). Neither the equation nor the true solution is seen: for problems of
second order the error depends on derivatives of the solution and on the mesh, and little on lower-order terms. One
solve and one adjoint solve a step: slow beside movers that see a monitor, and beside remeshing it adds what no metric
says.
"""

from __future__ import annotations

import numpy as np
from scipy import sparse

from simplatform.envs.mesh.geometry.boundary import classify, freedom_of
from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh
from simplatform.envs.mesh.geometry.simplices import determinants
from simplatform.envs.mesh.monitors.projection import RESOLVED, ProjectionError
from simplatform.envs.mesh.monitors.smooth import Smooth
from simplatform.envs.mesh.movers.base import Moved
from simplatform.errors import ConfigError

FLOOR = 0.06
"""Share of its volume that every cell keeps."""
FIRST, SECOND = 0.9, 0.99
"""Decay of Adam's moments."""
SHORTER = 0.6


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
    value, gradient = error(mesh.points)
    if smooth.misfit > RESOLVED * np.exp(value):
        return Moved(np.zeros_like(mesh.points), 0, 1.0, False)
    least = FLOOR * np.maximum(mesh.volumes, 0 if original is None else original.volumes)
    edge = float(np.linalg.norm(np.diff(mesh.points[mesh.edges], axis=1), axis=2).mean())
    place, mean, square = np.zeros(free.shape[1]), np.zeros(free.shape[1]), np.zeros(free.shape[1])
    history: list[float] = []
    best = (np.inf, place)
    for step in range(steps + 1):
        if step:
            value, gradient = error(mesh.points + _displaced(free, place))
        history.append(value)
        best = min(best, (value, place), key=lambda pair: pair[0])
        slope = free.T @ gradient.T.ravel()
        mean, square = FIRST * mean + (1 - FIRST) * slope, SECOND * square + (1 - SECOND) * slope**2
        rise = np.sqrt(square / (1 - SECOND ** (step + 1))) + np.finfo(float).tiny
        wish = -step_size * edge * (1 - step / steps) * mean / (1 - FIRST ** (step + 1)) / rise
        place = place + _valid_share(mesh, least, _displaced(free, place), _displaced(free, wish)) * wish
    shares = tuple(float(np.exp(value - history[0])) for value in history)
    return Moved(_displaced(free, best[1]), steps, min(shares), True, shares)


def _displaced(free: sparse.csr_array, place: Floats) -> Floats:
    found: Floats = (free @ place).reshape(2, -1).T
    return found


def _valid_share(mesh: Mesh, least: Floats, done: Floats, wish: Floats) -> float:
    """Return the largest power of ``SHORTER`` that leaves every cell its ``least`` area, or 0.

    Areas are quadratic in the share.
    """
    corners, steps = (mesh.points + done)[mesh.cells], wish[mesh.cells]
    edges, changes = (part[:, 1:] - part[:, :1] for part in (corners, steps))
    now, then = determinants(edges) / 2, determinants(changes) / 2
    mixed = determinants(edges + changes) / 2 - now - then
    for power in range(40):
        share = SHORTER**power
        if (now + share * (mixed + share * then) >= least).all():
            return share
    return 0.0
