"""What all movers share: the monitor as a function of where the mesh is, and the record of a move."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from simplatform.envs.mesh.geometry.location import interpolant
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh

MonitorAt = Callable[[Mesh], Floats]
"""Monitor values ``(V,)`` at the vertices of a moved mesh: analytic, interpolated, or by solving the PDE again."""


@dataclass(frozen=True)
class Moved:
    """The displacement ``(V, d)``, and how it was found: iterations, final residual, convergence, residual history."""

    displacement: Floats
    iterations: int
    residual: float
    converged: bool
    history: tuple[float, ...] = field(default=(), repr=False)


def frozen_monitor(mesh: Mesh, values: Floats) -> MonitorAt:
    """Return the monitor that interpolates nodal ``values (V,)`` given on the original mesh."""
    evaluate = interpolant(mesh, values)
    return lambda moved: evaluate(moved.points)
