"""Anisotropic mover: vertices go where the interpolation error of a solution is least, cells along its level lines.

Descends on ``monitors.energy.Energy`` by Gauss-Newton steps with a line search that no inverted cell passes: one sparse
solve a step, 10 to 25 steps. It sees the recovered Hessian of a solution, a metric, or a scalar monitor, and no
equation; connectivity stays. Any simplices. It is no equidistribution by optimal transport (``monge-ampere``): sizes
and shapes are found together.
"""

from __future__ import annotations

import numpy as np

from simplatform.envs.mesh.finite_elements.assembly import Assembly, Solve
from simplatform.envs.mesh.geometry.boundary import SLIDING, classify, freedom_of, numbered
from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh
from simplatform.envs.mesh.monitors.energy import Energy
from simplatform.envs.mesh.movers.base import Moved

FLOOR = 0.06
"""Share of its volume that every cell keeps; the limiter would stop at 0.05."""
SHIFT = 1e-8
"""Added to the matrix, in units of its diagonal: it is singular where the energy is flat."""
ENOUGH, HALVINGS = 1e-4, 25


def anisotropic(
    mesh: Mesh,
    curvature: Floats,
    *,
    home: Mesh | None = None,
    allowed: tuple[Ints, Floats] | None = None,
    iterations: int = 40,
    rtol: float = 1e-2,
) -> Moved:
    """Return the displacement that makes the energy of |H| ``(V, d, d)``, given on ``home`` (the mesh itself), small.

    Stops when three steps together win less than 3·``rtol`` of what is left. Vertices keep to ``allowed``, flags and
    directions of ``classify``. The residual is the energy over that of the mesh as it was.
    """
    flags, directions = allowed or classify(mesh)
    free, newton = freedom_of(flags, directions), _Newton(mesh, flags, directions)
    energy, points = Energy(mesh, curvature, home, FLOOR), mesh.points
    history = [energy.value(points)]
    while free.shape[1] and len(history) <= iterations and not _settled(history, rtol):
        gradient = free.T @ energy.gradient(points).T.ravel()
        step = -np.nan_to_num(newton.solver(energy.hessians())(gradient))
        found = _searched(energy, points, (free @ step).reshape(mesh.dim, -1).T, history[-1], float(step @ gradient))
        if found is None:
            break
        points, value = found
        history.append(value)
    shares = tuple(value / history[0] for value in history)
    return Moved(points - mesh.points, len(history) - 1, shares[-1], _settled(history, rtol), shares)


class _Newton:
    """Cell matrices, turned to the axes of vertices that slide, and the systems of what may move."""

    def __init__(self, mesh: Mesh, flags: Ints, directions: Floats) -> None:
        axes = np.where((flags == SLIDING)[:, None, None], directions, np.eye(mesh.dim))
        turned = (axes != np.eye(mesh.dim)).any((1, 2))[mesh.cells].any(1)
        self._turned, self._axes = np.flatnonzero(turned), axes[mesh.cells[turned]]
        self._assembly = Assembly(mesh.cells, numbered(flags, directions))

    def solver(self, local: Floats) -> Solve:
        """Return what solves the system of cell matrices ``(C, d, k, d, k)``, which are changed."""
        if len(self._turned):
            mine, axes = local[self._turned], self._axes
            local[self._turned] = np.einsum("niab,nbicj,njdc->naidj", axes, mine, axes, optimize=True)
        return self._assembly.solver(local, SHIFT)


def _searched(energy: Energy, points: Floats, step: Floats, before: float, slope: float) -> tuple[Floats, float] | None:
    """Return points and energy at the first of the steps 1, ½, ¼ … that wins enough (Armijo), or None."""
    for halvings in range(HALVINGS):
        share = 0.5**halvings
        value = energy.value(points + share * step)
        if value <= before + ENOUGH * share * slope:
            return points + share * step, value
    return None


def _settled(history: list[float], rtol: float) -> bool:
    return len(history) > 3 and history[-4] - history[-1] < 3 * rtol * history[-1]
