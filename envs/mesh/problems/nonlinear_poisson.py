"""Nonlinear Poisson: −∇·((1 + u²)∇u) = f with a random Gaussian sum as exact solution."""

from __future__ import annotations

from typing import Any

import numpy as np

from simplatform.envs.mesh.finite_elements.fem import Field, basis, l2_error, skfem, solve_dirichlet
from simplatform.envs.mesh.geometry.mesh import KINDS, Floats, Mesh
from simplatform.envs.mesh.problems.base import SteadyProblem
from simplatform.envs.mesh.problems.gaussians import Gaussians
from simplatform.errors import SolverError

RTOL, MAXITER = 1e-10, 25


class NonlinearPoisson(SteadyProblem):
    """−∇·((1 + u²)∇u) = f in Ω, u = u_exact on ∂Ω, solved by Newton's method from the Dirichlet lifting."""

    kinds = tuple(KINDS)
    name = "nonlinear-poisson"

    def __init__(self, exact: Gaussians) -> None:
        """Take the exact solution."""
        self.exact = exact
        self.parameters = exact.rows.ravel()

    @classmethod
    def sample(cls, rng: np.random.Generator, low: Floats, high: Floats) -> NonlinearPoisson:
        """Draw the exact solution."""
        return cls(Gaussians.sample(rng, low, high))

    def source(self, points: Floats) -> Floats:
        """Return f = −(1 + u²)Δu − 2u|∇u|² at points ``(..., 2)``."""
        u, slope = self.exact(points), self.exact.gradient(points)
        found: Floats = -(1 + u**2) * self.exact.laplacian(points) - 2 * u * (slope**2).sum(axis=-1)
        return found

    def solve(self, mesh: Mesh) -> Floats:
        """Return the P1 solution, ``(V,)``.

        Raises:
            SolverError: Newton's method does not converge.
        """
        space, fixed = basis(mesh), mesh.boundary
        values = np.where(fixed, self.exact(mesh.points), 0.0)
        tangent, residual = _forms(self.source)
        first = None
        for _ in range(MAXITER):
            at = space.interpolate(values)
            force = residual.assemble(space, u=at)
            size = float(np.linalg.norm(force[~fixed]))
            first = first or size
            if size <= RTOL * max(first, 1.0):
                return values
            values = values - solve_dirichlet(
                tangent.assemble(space, u=at).tocsc(), force, np.zeros_like(values), fixed
            )
        raise SolverError(f"Newton's method left a residual of {size:.1e} after {MAXITER} steps on this mesh")

    def error(self, mesh: Mesh, values: Floats) -> float:
        """Return ‖u_h − u‖ in L2."""
        return l2_error(mesh, values, self.exact)

    def truth(self, points: Floats) -> Floats:
        """Return the exact solution at points."""
        return self.exact(points)


def _forms(source: Field) -> tuple[Any, Any]:
    from skfem.helpers import dot, grad

    def tangent(du: Any, v: Any, w: Any) -> Any:
        return (1 + w.u**2) * dot(grad(du), grad(v)) + 2 * w.u * du * dot(grad(w.u), grad(v))

    def residual(v: Any, w: Any) -> Any:
        return (1 + w.u**2) * dot(grad(w.u), grad(v)) - source(np.moveaxis(w.x, 0, -1)) * v

    return skfem().BilinearForm(tangent), skfem().LinearForm(residual)
