"""How well-shaped cells are."""

from __future__ import annotations

import numpy as np

from simplatform.envs.mesh.geometry.mesh import Floats, Mesh


def quality(mesh: Mesh) -> Floats:
    """Return the mean ratio of each simplex, ``(C,)``: 1 equilateral, 0 degenerate, negative inverted.

    4√3·area / Σ edge² of a triangle, 12·(3·volume)^(2/3) / Σ edge² of a tetrahedron (Liu & Joe, 1994, BIT 34, 268-287);
    of the size of cells it says nothing. For lines and quadrilaterals: the ratio of the smallest corner volume to the
    mean corner volume of the mesh (1 = uniform).
    """
    found: Floats
    if mesh.kind not in ("triangle", "tetra"):
        found = mesh.corner_volumes.min(axis=1) / np.abs(mesh.corner_volumes).mean()
        return found
    corners = mesh.points[mesh.cells]
    # The sum over all edges is that over all corners of the squared distance to the centre, times their number.
    squares = corners.shape[1] * ((corners - corners.mean(axis=1, keepdims=True)) ** 2).sum(axis=(1, 2))
    if mesh.kind == "triangle":
        found = 4 * np.sqrt(3) * mesh.volumes / squares
    else:
        found = 12 * np.sign(mesh.volumes) * np.abs(3 * mesh.volumes) ** (2 / 3) / squares
    return found
