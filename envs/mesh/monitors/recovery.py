"""Recovered derivatives of nodal values on cells of any kind: what monitor functions are made of.

Triangles, which movers meet most, have their own fast operators in ``p1``; ``Recovery`` does the same for segments,
quads and tetrahedra through scikit-fem.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import cg, splu

from simplatform.envs.mesh.finite_elements.fem import basis, skfem
from simplatform.envs.mesh.finite_elements.p1 import P1
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh

LARGEST = {1: 10**6, 2: 100_000, 3: 20_000}
"""Unknowns up to which the mass matrix is factorised, by dimension."""
RTOL = 1e-12


class Recovery:
    """L2 projections to the continuous functions that are linear (on quads bilinear) in each cell."""

    def __init__(self, mesh: Mesh) -> None:
        """Take a mesh of any kind; matrices are made on first use and kept."""
        self.mesh, self.areas = mesh, np.abs(mesh.volumes)
        self._basis = basis(mesh)

    @cached_property
    def mass(self) -> sparse.csc_array:
        """∫ψ_i ψ_j."""
        return sparse.csc_array(skfem().BilinearForm(lambda u, v, _: u * v).assemble(self._basis))

    @cached_property
    def stiffness(self) -> sparse.csc_array:
        """∫∇ψ_i·∇ψ_j."""
        from skfem.helpers import dot, grad

        return sparse.csc_array(skfem().BilinearForm(lambda u, v, _: dot(grad(u), grad(v))).assemble(self._basis))

    @cached_property
    def _mass_solver(self) -> Callable[[Floats], Floats]:
        """What solves for one right-hand side or several in columns."""
        mass = self.mass
        if mass.shape[0] <= LARGEST[self.mesh.dim]:
            factor = splu(mass, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
            return lambda load: np.asarray(factor.solve(load), np.float64)
        # Scaled by its diagonal a mass matrix has a condition number below 10, whatever the mesh (Wathen, 1987).
        rows, scaled = mass.T, sparse.diags_array(1 / mass.diagonal())

        def single(load: Floats) -> Floats:
            return np.asarray(cg(rows, load, rtol=RTOL, M=scaled)[0], np.float64)

        return lambda load: single(load) if load.ndim == 1 else np.stack([single(part) for part in load.T], axis=1)

    def gradient(self, values: Floats) -> Floats:
        """Return the L2-projected gradient of nodal values, ``(V, d)``."""
        return np.stack([self._project(part) for part in self._at(values).grad], axis=1)

    def hessian(self, values: Floats) -> Floats:
        """Return the recovered gradient of the recovered gradient, symmetrised: d(d + 1)/2 parts in rows, ``(V, …)``.

        Parts are ordered xx, xy, …, yy, …: the upper triangle by rows.
        """
        full = np.stack([self.gradient(part) for part in self.gradient(values).T], axis=1)
        rows, columns = np.triu_indices(self.mesh.dim)
        return (full[:, rows, columns] + full[:, columns, rows]) / 2

    def squares(self, fields: Floats, multiplicity: Floats) -> Floats:
        """Return the L2 projection of Σ_k w_k f_k² for nodal fields ``(V, k)``: ``(V,)``."""
        return self._project(sum(w * np.asarray(self._at(f)) ** 2 for w, f in zip(multiplicity, fields.T, strict=True)))

    def misfit(self, values: Floats) -> Floats:
        """Return |G u − ∇u|² averaged around each vertex, G u the recovered gradient: ``(V,)``."""
        smooth = [np.asarray(self._at(part)) for part in self.gradient(values).T]
        difference = sum((a - b) ** 2 for a, b in zip(smooth, self._at(values).grad, strict=True))
        per_cell = (difference * self._basis.dx).sum(axis=1) / self.areas
        return self._load(np.broadcast_to(per_cell[:, None], self._basis.dx.shape)) / self._load(
            np.ones(self._basis.dx.shape)
        )

    def project(self, load: Floats) -> Floats:
        """Return nodal values ``(V,)`` or ``(V, k)`` of the L2 projection with the given load ∫ψ_i f."""
        return self._mass_solver(np.ascontiguousarray(load))

    def _at(self, nodal: Floats) -> Any:
        return self._basis.interpolate(np.ascontiguousarray(nodal))

    def _load(self, field: Floats) -> Floats:
        return np.asarray(skfem().LinearForm(lambda v, w: w.f * v).assemble(self._basis, f=field))

    def _project(self, field: Floats) -> Floats:
        return self.project(self._load(field))


def recovery(mesh: Mesh) -> P1 | Recovery:
    """Return the operators that fit the mesh's cells."""
    return P1(mesh) if mesh.kind == "triangle" else Recovery(mesh)


def hessian_multiplicity(dim: int) -> Floats:
    """Return how often each part of ``hessian`` counts in the Frobenius norm: 1 on the diagonal, else 2."""
    rows, columns = np.triu_indices(dim)
    return np.where(rows == columns, 1.0, 2.0)


def edge_squared(mesh: Mesh) -> float:
    """Return the mean square edge length that the mean cell volume implies: 2·area for triangles."""
    volume = float(np.abs(mesh.volumes).mean())
    value: float = {"line": volume**2, "triangle": 2 * volume, "quad": volume, "tetra": (6 * volume) ** (2 / 3)}[
        mesh.kind
    ]
    return value
