"""Elliptic problems of the plane solved on an accelerator: assembled there, by conjugate gradients, without SciPy.

For meshes of triangles. Loads are closed forms in NumPy, evaluated at quadrature points on the host and sent once.
"""

from __future__ import annotations

import numpy as np
import torch

from simplatform.envs.mesh.finite_elements.fem import Field
from simplatform.envs.mesh.finite_elements.fem_torch import Space, solve_elliptic
from simplatform.envs.mesh.finite_elements.p1 import QUADRATURE
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.errors import SolverError
from simplatform.seeding import moved


def elliptic_on(
    device: str, mesh: Mesh, source: Field, *, reaction: float = 0.0, boundary: Field | None = None
) -> Floats:
    """Solve −Δu + c·u = f on triangles with u = g on the whole boundary, as ``fem.elliptic`` does: ``(V,)``.

    Raises:
        SolverError: a cell of zero area, or conjugate gradients that did not converge.
    """
    at, _ = QUADRATURE[4]
    places = np.einsum("qi,cid->cqd", np.asarray(at), mesh.points[mesh.cells])
    fixed, held = mesh.boundary, np.zeros(len(mesh.points))
    if boundary is not None:
        held[fixed] = boundary(mesh.points[fixed])
    arrays = (mesh.points, mesh.cells, np.asarray(source(places), float), fixed, held)
    points, cells, loads, there, values = (
        moved(torch.as_tensor(np.ascontiguousarray(array)), torch.device(device)) for array in arrays
    )
    owners = [torch.zeros(len(part), dtype=torch.int64, device=points.device) for part in (points, cells)]
    found = solve_elliptic(
        Space(points, cells, *owners), lambda at, whose: loads, there, values, reaction=reaction, method="cg"
    )
    solution: Floats = found.cpu().numpy()
    if not np.isfinite(solution).all():
        raise SolverError("conjugate gradients did not converge: is a cell of zero area?")
    return solution
