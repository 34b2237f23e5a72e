"""How well a mesh fits a metric: equidistribution (sizes) and alignment (shapes and directions), cell by cell.

Huang & Russell (2011), Adaptive Moving Mesh Methods, section 4.1: a mesh is uniform in its metric exactly if both are 1
in every cell.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.geometry.simplices import determinants
from simplatform.envs.mesh.monitors.tensors import check_metric, density_of
from simplatform.errors import DataError

EQUILATERAL = {
    1: np.array([[1.0]]),
    2: np.array([[1.0, 0.5], [0.0, np.sqrt(3) / 2]]),
    3: np.array([[1.0, 0.5, 0.5], [0.0, np.sqrt(3) / 2, np.sqrt(3) / 6], [0.0, 0.0, np.sqrt(2 / 3)]]),
}
"""Edges from the first corner of an equilateral simplex, in columns."""


@dataclass(frozen=True)
class Fit:
    """Both measures per cell, ``(C,)``: ``equidistribution`` is the cell's volume in the metric over the mean, 1 where
    all are alike; ``alignment`` is 1 for cells that are equilateral in the metric, larger for others.
    """

    equidistribution: Floats
    alignment: Floats

    @property
    def unevenness(self) -> float:
        """Standard deviation of the volumes in units of their mean: 0 where equidistributed."""
        return float(self.equidistribution.std())

    @property
    def worst(self) -> float:
        """Largest alignment measure."""
        return float(self.alignment.max())


def fit(mesh: Mesh, metric: Floats) -> Fit:
    """Measure a mesh of simplices in a metric at its vertices, ``(V, d, d)`` or parts.

    Raises:
        DataError: quadrilaterals, or no metric (see ``check_metric``).
    """
    if mesh.kind == "quad":
        raise DataError("alignment is measured on simplices; cut quadrilaterals into triangles first")
    tensors = check_metric(metric, mesh)
    dim, means = mesh.dim, tensors[mesh.cells].mean(1)
    mass = density_of(means) * np.abs(mesh.volumes)
    return Fit(mass / mass.mean(), skewness(mesh.points, mesh, means) if dim > 1 else np.ones(len(mass)))


def skewness(points: Floats, mesh: Mesh, means: Floats) -> Floats:
    """Return tr(JᵀMJ) / (d·det(JᵀMJ)^(1/d)) of each cell, J its map from the equilateral one, M ``(C, d, d)``."""
    corners = points[mesh.cells]
    edges = (corners[:, 1:] - corners[:, :1]).transpose(0, 2, 1)
    jacobian = edges @ np.linalg.inv(EQUILATERAL[mesh.dim])
    inside = jacobian.transpose(0, 2, 1) @ means @ jacobian
    size = np.maximum(determinants(inside), np.finfo(float).tiny) ** (1 / mesh.dim)
    found: Floats = np.trace(inside, axis1=1, axis2=2) / (mesh.dim * size)
    return found
