"""Carrying a solution from one mesh to another of the same domain."""

from __future__ import annotations

import numpy as np

from simplatform.envs.mesh.finite_elements.fem_torch import DEGREE_SIX
from simplatform.envs.mesh.finite_elements.p1 import P1
from simplatform.envs.mesh.geometry.location import Locator
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh


def conservative(old: Mesh, values: Floats, new: Mesh) -> Floats:
    """Return the L2 projection of a P1 function ``(V, ...)`` to P1 on the new mesh, its integral exactly kept.

    The load is integrated by 12 points per new cell; the integral that this misses is put back as a constant.
    """
    flat = values.reshape(len(values), -1)
    space, points, weights = P1(new), *DEGREE_SIX
    places = np.einsum("qk,ckd->cqd", points, new.points[new.cells])
    cells, inside = Locator(old).find(places.reshape(-1, 2))
    at = np.einsum("nk,nkf->nf", inside, flat[old.cells[cells]]).reshape(*places.shape[:2], -1)
    local = np.einsum("c,q,cqf,qk->ckf", space.areas, weights, at, points, optimize=True)
    load = np.stack([space.scatter(column) for column in np.moveaxis(local, -1, 0)], axis=1)
    result = space.project(load)
    missing = P1(old).lumped @ flat - space.lumped @ result
    found: Floats = (result + missing / space.areas.sum()).reshape(len(new.points), *values.shape[1:])
    return found


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
