"""How well-shaped cells are."""

from __future__ import annotations

import numpy as np

from simplatform.envs.mesh.geometry.mesh import Floats, Mesh


def quality(mesh: Mesh) -> Floats:
    """Return 4√3·area / Σ edge² of each triangle, ``(C,)``: 1 equilateral, 0 degenerate, negative inverted.

    For other cells: the ratio of the smallest corner volume to the mean corner volume of the mesh (1 = uniform).
    """
    found: Floats
    if mesh.kind != "triangle":
        found = mesh.corner_volumes.min(axis=1) / np.abs(mesh.corner_volumes).mean()
        return found
    corners = mesh.points[mesh.cells]
    squares = ((corners - np.roll(corners, 1, axis=1)) ** 2).sum(axis=(1, 2))
    found = 4 * np.sqrt(3) * mesh.volumes / squares
    return found
