"""Elliptic problems of the plane solved on an accelerator: assembled there, by conjugate gradients, without SciPy.

For meshes of triangles. Loads are closed forms in NumPy, evaluated at quadrature points on the host and sent once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from simplatform.envs.mesh.finite_elements.fem import Field
from simplatform.envs.mesh.finite_elements.fem_torch import Space, solve_elliptic
from simplatform.envs.mesh.finite_elements.p1 import QUADRATURE
from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh
from simplatform.errors import SolverError
from simplatform.seeding import moved


@dataclass(frozen=True)
class Elliptic:
    """−Δu + c·u = f on a mesh of triangles, u = ``boundary`` (zero where there is none) on its whole boundary."""

    mesh: Mesh
    source: Field
    boundary: Field | None = None

    def arrays(self) -> tuple[Floats, Ints, Floats, NDArray[np.bool_], Floats]:
        """Return points, cells, loads at quadrature points, which vertices are held, and at what value."""
        mesh, held = self.mesh, np.zeros(len(self.mesh.points))
        at, _ = QUADRATURE[4]
        places = np.einsum("qi,cid->cqd", np.asarray(at), mesh.points[mesh.cells])
        if self.boundary is not None:
            held[mesh.boundary] = self.boundary(mesh.points[mesh.boundary])
        return mesh.points, mesh.cells, np.asarray(self.source(places), float), mesh.boundary, held


def elliptic_on(
    device: str, mesh: Mesh, source: Field, *, reaction: float = 0.0, boundary: Field | None = None
) -> Floats:
    """Solve −Δu + c·u = f on triangles with u = g on the whole boundary, as ``fem.elliptic`` does: ``(V,)``.

    Raises:
        SolverError: a cell of zero area, or conjugate gradients that did not converge.
    """
    solution = elliptic_packed(device, [Elliptic(mesh, source, boundary)], reaction)[0]
    if not np.isfinite(solution).all():
        raise SolverError("conjugate gradients did not converge: is a cell of zero area?")
    return solution


def elliptic_packed(device: str, systems: Sequence[Elliptic], reaction: float = 0.0) -> list[Floats]:
    """Solve several problems at once, their meshes packed into one system of blocks: ``(V,)`` each.

    All are sent in one copy of each array and iterate side by side. A mesh that conjugate gradients did not converge
    on has NaN, and changes nothing of the others.
    """
    sizes = [(len(system.mesh.points), len(system.mesh.cells)) for system in systems]
    starts = np.cumsum([0, *(size[0] for size in sizes)])
    points, cells, loads, fixed, held = zip(*(system.arrays() for system in systems), strict=True)
    arrays = (
        np.concatenate(points),
        np.concatenate([own + first for own, first in zip(cells, starts, strict=False)]),
        np.concatenate(loads),
        np.concatenate(fixed),
        np.concatenate(held),
        *(np.repeat(np.arange(len(systems)), counts) for counts in zip(*sizes, strict=True)),
    )
    there = [moved(torch.as_tensor(np.ascontiguousarray(array)), torch.device(device)) for array in arrays]
    found = solve_elliptic(
        Space(*there[:2], *there[5:]), lambda at, whose: there[2], there[3], there[4], reaction=reaction, method="cg"
    )
    return np.split(found.cpu().numpy(), starts[1:-1])
