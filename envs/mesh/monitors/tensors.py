"""Metric tensors: symmetric positive definite tensors at vertices that say how long edges should be, and where.

An edge e at a vertex of metric M has the length √(eᵀMe) there; in a mesh that fits its metric all are about as long.
Tensors are ``(V, d, d)``, or their d(d + 1)/2 parts in rows ``(V, …)``: xx, xy, yy; xx, xy, xz, yy, yz, zz.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.errors import DataError

NORM = 2
"""The norm of the interpolation error that a Hessian's metric is best for."""
FLOOR = 1e-2
"""Curvatures below this share of the largest ones (their 99 % quantile) count as so large: no cell is endless."""


def full(parts: Floats, dim: int) -> Floats:
    """Return symmetric tensors ``(V, d, d)`` of their parts ``(V, d(d + 1)/2)``."""
    found = np.zeros((len(parts), dim, dim))
    rows, columns = np.triu_indices(dim)
    found[:, rows, columns] = found[:, columns, rows] = parts
    return found


def parts(tensors: Floats) -> Floats:
    """Return the upper triangles of tensors ``(V, d, d)`` by rows: ``(V, d(d + 1)/2)``."""
    rows, columns = np.triu_indices(tensors.shape[-1])
    return tensors[:, rows, columns]


def check_metric(metric: Floats, mesh: Mesh) -> Floats:
    """Return a metric as ``(V, d, d)``, given so or as parts.

    Raises:
        DataError: another shape, values that are not finite, not symmetric or not positive definite, by the vertex.
    """
    given, size, dim = np.asarray(metric, float), len(mesh.points), mesh.dim
    if given.shape == (size, dim * (dim + 1) // 2):
        given = full(given, dim)
    if given.shape != (size, dim, dim):
        raise DataError(
            f"a metric has a tensor per vertex: expected ({size}, {dim}, {dim}) or its upper triangles "
            f"({size}, {dim * (dim + 1) // 2}), got {np.shape(metric)}"
        )
    if not np.isfinite(given).all():
        raise DataError(f"the metric is not finite at vertex {np.argwhere(~np.isfinite(given))[0, 0]}")
    skew = np.abs(given - given.transpose(0, 2, 1)).max((1, 2))
    if (skew > 1e-9 * np.abs(given).max((1, 2))).any():
        raise DataError(f"the metric is not symmetric at vertex {int(np.argmax(skew))}")
    least = np.linalg.eigvalsh(given)[:, 0]
    if not (least > 0).all():
        raise DataError(f"a metric must be positive definite at every vertex, not so at {int(np.argmin(least))}")
    return given


def positive(tensors: Floats) -> Floats:
    """Return |H| of symmetric tensors ``(V, d, d)``: eigenvalues by magnitude, those below ``FLOOR`` lifted."""
    values, vectors = np.linalg.eigh(tensors)
    values = np.abs(values)
    values = np.maximum(values, max(FLOOR * float(np.quantile(values, 0.99)), np.finfo(float).tiny))
    return recomposed(values, vectors)


def recomposed(values: Floats, vectors: Floats) -> Floats:
    """Return tensors of their eigenvalues ``(V, d)`` and eigenvectors ``(V, d, d)`` in columns."""
    found: Floats = np.einsum("nij,nj,nkj->nik", vectors, values, vectors)
    return found


def density_of(metric: Floats) -> Floats:
    """Return √det M, vertices per volume that a metric asks for, ``(V,)``: the monitor that sees no direction."""
    found: Floats = np.sqrt(np.linalg.det(metric))
    return found


def curvature_of(metric: Floats) -> Floats:
    """Return the |H| ``(V, d, d)`` whose metric ``det(|H|)^(−1/(2p + d)) |H|`` of the L^p error (p = 2) this is."""
    found: Floats = metric * (np.linalg.det(metric) ** (1 / (2 * NORM)))[:, None, None]
    return found


def metric_of(curvature: Floats) -> Floats:
    """Return the metric ``(V, d, d)`` that is best for the L^p interpolation error (p = 2) of a solution with |H|.

    Loseille & Alauzet (2011), SIAM J. Numer. Anal. 49, 38-60, up to its scale.
    """
    dim = curvature.shape[-1]
    found: Floats = curvature * (np.linalg.det(curvature) ** (-1 / (2 * NORM + dim)))[:, None, None]
    return found


def isotropic(monitor: Floats, dim: int) -> Floats:
    """Return the metric m^(2/d)·I whose density is a scalar monitor ``(V,)``; zeros are lifted to ``FLOOR`` of it."""
    lifted = np.maximum(monitor, FLOOR * float(np.max(monitor)))
    found: Floats = lifted[:, None, None] ** (2 / dim) * np.eye(dim)
    return found


def normalised(metric: Floats, mesh: Mesh) -> Floats:
    """Return a metric scaled so that the integral of its density √det M is 1."""
    total = float((density_of(metric)[mesh.cells].mean(1) * np.abs(mesh.volumes)).sum())
    found: Floats = metric * total ** (-2 / mesh.dim)
    return found


def intersected(metrics: Sequence[Floats]) -> Floats:
    """Return a metric that asks at least for what each of ``metrics (V, d, d)`` asks, one after another.

    Two are diagonalised together and the larger of each pair of eigenvalues is taken (Alauzet & Frey, 2003). Of more
    than two the result depends on their order, which is the order given.
    """
    found = metrics[0]
    for other in metrics[1:]:
        # With L Lᵀ the first, L⁻¹ · L⁻ᵀ turns it into the identity and the other into what eigh diagonalises.
        lower = np.linalg.cholesky(found)
        inverse = np.linalg.inv(lower)
        values, vectors = np.linalg.eigh(inverse @ other @ inverse.transpose(0, 2, 1))
        larger = recomposed(np.maximum(values, 1.0), vectors)
        found = lower @ larger @ lower.transpose(0, 2, 1)
        found = (found + found.transpose(0, 2, 1)) / 2
    return found
