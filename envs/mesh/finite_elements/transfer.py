"""Carrying a solution from one mesh to another of the same domain: the integral is kept, and bounds where wanted."""

from __future__ import annotations

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from simplatform.envs.mesh.finite_elements.fem_torch import DEGREE_SIX
from simplatform.envs.mesh.geometry.location import Locator
from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh
from simplatform.errors import DataError

_A, _B = 0.5854101966249685, 0.1381966011250105
RULES = {
    "line": (np.array([[0.5 + x, 0.5 - x] for x in (-0.5 * 0.6**0.5, 0.0, 0.5 * 0.6**0.5)]), np.array([5, 8, 5]) / 18),
    "triangle": DEGREE_SIX,
    "tetra": (np.full((4, 4), _B) + (_A - _B) * np.eye(4), np.full(4, 0.25)),
}
"""Barycentric points and weights, exact to degree 5, 6 and 2."""


def conservative(old: Mesh, values: Floats, new: Mesh) -> Floats:
    """Return the L2 projection of a P1 function ``(V, ...)`` to P1 on the new mesh, its integral exactly kept.

    Any simplices. The load is integrated by 12 points per new triangle, 4 per tetrahedron, 3 per segment; the integral
    that this misses is put back as a constant.

    Raises:
        DataError: quadrilaterals, different kinds of cells, or values that are none of the old mesh's.
    """
    flat = _checked(old, values, new)
    factor = splu(mass(new), permc_spec="MMD_AT_PLUS_A", options={"SymmetricMode": True})
    result = factor.solve(_load(old, flat, new)[0])
    missing = lumped(old) @ flat - lumped(new) @ result
    found: Floats = (result + missing / np.abs(new.volumes).sum()).reshape(len(new.points), *values.shape[1:])
    return found


def bounded(old: Mesh, values: Floats, new: Mesh) -> Floats:
    """Return ``conservative`` without its over- and undershoots: its integral, and no value beyond the old ones near.

    A vertex keeps within the values of the old cells that meet the cells around it (where the domains are the same);
    what is cut off is put back where there is room for it, in proportion to the room (Farrell et al., 2009, Comput.
    Methods Appl. Mech. Eng. 198, 2632-2642, distribute it likewise).

    Raises:
        DataError: see ``conservative``.
    """
    flat = _checked(old, values, new)
    wanted, weights = conservative(old, flat, new), lumped(new)
    low, high = _bounds(old, flat, new)
    kept = np.clip(wanted, low, high)
    missing = weights @ (wanted - kept)
    kept, missing = _fill(kept, low, high, weights, missing)
    # What the bounds near do not hold, where quadrature missed a peak, those of the whole function do.
    kept, _ = _fill(kept, np.broadcast_to(flat.min(0), kept.shape), np.broadcast_to(flat.max(0), kept.shape), weights,
                    missing)  # fmt: skip
    return kept.reshape(len(new.points), *values.shape[1:])


def cellwise(old: Mesh, values: Floats, new: Mesh) -> Floats:
    """Return the cell-wise L2 projection of a discontinuous P1 function ``(C, 3)``; integral kept as above."""
    points, weights = DEGREE_SIX
    places = np.einsum("qk,ckd->cqd", points, new.points[new.cells])
    cells, inside = Locator(old).find(places.reshape(-1, 2))
    at = np.einsum("nk,nk->n", inside, values[cells]).reshape(places.shape[:2])
    # The inverse of the P1 mass matrix of a unit-area triangle.
    inverse = 12 * (np.eye(3) - 0.25)
    result = np.einsum("cq,q,qk,kl->cl", at, weights, points, inverse, optimize=True)
    before, after = np.abs(old.volumes) @ values.mean(axis=1), np.abs(new.volumes) @ result.mean(axis=1)
    found: Floats = result + (before - after) / np.abs(new.volumes).sum()
    return found


def lumped(mesh: Mesh) -> Floats:
    """Return ∫ψ_i of the P1 functions of simplices, ``(V,)``: weights whose sum with nodal values is the integral."""
    corners = mesh.cells.shape[1]
    shares = np.repeat(np.abs(mesh.volumes) / corners, corners)
    return np.asarray(np.bincount(mesh.cells.ravel(), shares, len(mesh.points)), np.float64)


def mass(mesh: Mesh) -> sparse.csc_array:
    """Return ∫ψ_i ψ_j of the P1 functions of simplices, ``(V, V)``."""
    corners, size = mesh.cells.shape[1], len(mesh.points)
    shares = np.abs(mesh.volumes) / (corners * (corners + 1))
    local = shares[:, None, None] * (np.ones((corners, corners)) + np.eye(corners))
    rows, columns = mesh.cells.repeat(corners, axis=1).ravel(), np.tile(mesh.cells, (1, corners)).ravel()
    return sparse.csc_array((local.ravel(), (rows, columns)), shape=(size, size))


def _checked(old: Mesh, values: Floats, new: Mesh) -> Floats:
    if old.kind not in RULES or new.kind != old.kind:
        raise DataError(f"transfer is between meshes of one kind of simplices, got {old.kind} and {new.kind}")
    if len(values) != len(old.points):
        raise DataError(f"a field has a value per vertex: expected {len(old.points)} rows, got {np.shape(values)}")
    return np.asarray(values, float).reshape(len(values), -1)


def _load(old: Mesh, flat: Floats, new: Mesh) -> tuple[Floats, Ints]:
    """Return ∫ψ_i u ``(V', k)``, and the old cell of each quadrature point of each new cell ``(C', q)``."""
    points, weights = RULES[new.kind]
    places = np.einsum("qk,ckd->cqd", points, new.points[new.cells])
    cells, inside = Locator(old).find(places.reshape(-1, new.dim))
    at = np.einsum("nk,nkf->nf", inside, flat[old.cells[cells]]).reshape(*places.shape[:2], -1)
    local = np.einsum("c,q,cqf,qk->ckf", np.abs(new.volumes), weights, at, points, optimize=True)
    load = np.zeros((len(new.points), flat.shape[1]))
    for corner, part in zip(new.cells.T, np.moveaxis(local, 1, 0), strict=True):
        np.add.at(load, corner, part)
    return load, cells.reshape(places.shape[:2])


def _bounds(old: Mesh, flat: Floats, new: Mesh) -> tuple[Floats, Floats]:
    """Return the least and largest old values in the cells that new cells around a vertex meet, ``(V', k)`` each."""
    _, met = _load(old, flat[:, :1], new)
    around = flat[old.cells]
    low = np.full((len(new.points), flat.shape[1]), np.inf)
    high = -low
    least, most = around.min(1)[met].min(1), around.max(1)[met].max(1)
    for corner in new.cells.T:
        np.minimum.at(low, corner, least)
        np.maximum.at(high, corner, most)
    return low, high


def _fill(values: Floats, low: Floats, high: Floats, weights: Floats, missing: Floats) -> tuple[Floats, Floats]:
    """Spread missing integrals ``(k,)`` over the room that is left; return the values and what found no room."""
    room = np.where(missing > 0, high - values, values - low)
    total = weights @ room
    share = np.clip(np.abs(missing) / np.where(total > 0, total, 1.0), 0.0, 1.0)
    change = np.sign(missing) * share * room
    return values + change, missing - weights @ change
