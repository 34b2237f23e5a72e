"""Remesh, then move: what moving adds to the mesh that a metric gave, judged by the coarse solution alone."""

from __future__ import annotations

from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.monitors.recovery import Recovery
from simplatform.envs.mesh.monitors.smooth import Smooth
from simplatform.envs.mesh.monitors.tensors import full, positive
from simplatform.envs.mesh.movers.anisotropic import anisotropic
from simplatform.envs.mesh.movers.ritz import ritz
from simplatform.errors import UnknownName

THEN = ("", "anisotropic", "ritz")
"""What may follow a remesh: nothing, descent on the metric's energy, and on the Ritz projection's error after that."""


def refined_by_moving(mesh: Mesh, then: str, home: Mesh, solution: Floats) -> Mesh:
    """Return a mesh moved by ``then``, one of ``THEN``, under a solution ``(V,)`` on another mesh, ``home``.

    Raises:
        UnknownName: no such mover.
    """
    if then not in THEN:
        raise UnknownName("mover after remeshing", then, THEN)
    if not then:
        return mesh
    curvature = positive(full(Recovery(home).hessian(solution), home.dim))
    moved = mesh.moved(mesh.points + anisotropic(mesh, curvature, home=home).displacement)
    if then == "anisotropic":
        return moved
    return moved.moved(moved.points + ritz(moved, Smooth(home, solution)).displacement)
