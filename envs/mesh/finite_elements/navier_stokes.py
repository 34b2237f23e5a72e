"""Incompressible Navier–Stokes in two dimensions by Taylor–Hood elements (P2 velocity, P1 pressure), on scikit-fem.

Steady flow by Newton's method; unsteady flow by BDF2 with the convecting velocity extrapolated, so that each step is
one linear system. Forces on a body come from the residual of the momentum equation at its vertices, which converges
twice as fast as integrating stresses along its boundary (John and Matthies, 2001).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from simplatform.envs.mesh.finite_elements.fem import skfem
from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh
from simplatform.errors import SolverError

Inflow = Callable[[Floats], Floats]
"""Velocity ``(N, 2)`` in m/s at points ``(N, 2)`` of the inflow."""

RTOL, MAXITER = 1e-9, 20


class TaylorHood:
    """The channel flow problem on one mesh: inflow at the smallest x, free outflow at the largest, no slip elsewhere.

    Unknowns are ordered velocity first, then pressure (per density, m²/s²).
    """

    def __init__(self, mesh: Mesh, nu: float, inflow: Inflow) -> None:
        """Take a mesh of triangles, the kinematic viscosity (m²/s) and the inflow."""
        fem = skfem()
        self.mesh, self.nu = mesh, nu
        grid = fem.MeshTri(mesh.points.T.copy(), mesh.cells.T.copy(), validate=False)
        self.velocity = fem.Basis(grid, fem.ElementVector(fem.ElementTriP2()), intorder=5)
        self.pressure = self.velocity.with_element(fem.ElementTriP1())
        self.count = self.velocity.N + self.pressure.N
        low, high = mesh.bounds
        places = self.velocity.doflocs.T
        held = np.zeros(self.velocity.N, bool)
        held[self.velocity.get_dofs(grid.boundary_facets()).all()] = True
        tiny = 1e-9 * (high - low).max()
        entrance, outlet = places[:, 0] < low[0] + tiny, places[:, 0] > high[0] - tiny
        walls = (np.abs(places[:, 1] - low[1]) < tiny) | (np.abs(places[:, 1] - high[1]) < tiny)
        self.fixed = np.r_[held & (~outlet | walls), np.zeros(self.pressure.N, bool)]
        self.body = np.flatnonzero(held & ~entrance & ~outlet & ~walls)
        self.values = np.zeros(self.count)
        rows = np.flatnonzero(held & entrance)
        self.values[rows] = inflow(places[rows])[np.arange(len(rows)), self._component[rows]]

    @cached_property
    def stokes(self) -> sparse.csc_array:
        """The matrix of viscosity, pressure and incompressibility."""
        from skfem.helpers import ddot, div, grad

        fem = skfem()
        viscous = fem.BilinearForm(lambda u, v, w: self.nu * ddot(grad(u), grad(v))).assemble(self.velocity)
        coupling = fem.BilinearForm(lambda u, q, w: -div(u) * q).assemble(self.velocity, self.pressure)
        return sparse.csc_array(sparse.block_array([[viscous, coupling.T], [coupling, None]]))

    @cached_property
    def mass(self) -> sparse.csc_array:
        """The mass matrix of velocity, with zero rows for pressure."""
        from skfem.helpers import dot

        inner = skfem().BilinearForm(lambda u, v, w: dot(u, v)).assemble(self.velocity)
        return self._padded(inner)

    def creeping(self) -> Floats:
        """Return the Stokes flow ``(count,)``: without inertia."""
        return self._solved(self.stokes, np.zeros(self.count))

    def steady(self, start: Floats | None = None) -> Floats:
        """Return the steady state ``(count,)``: Stokes flow first, then Newton's method.

        Raises:
            SolverError: no convergence; Re is too high for a steady state on this mesh, or a cell has no area.
        """
        state = self.creeping() if start is None else start.copy()
        scale = float(np.linalg.norm((self.stokes @ state)[self.fixed])) + 1e-300
        for _ in range(MAXITER):
            carried, tangent = self._convection(state)
            residual = (self.stokes + carried) @ state
            size = float(np.linalg.norm(residual[~self.fixed]))
            if size <= RTOL * scale:
                return state
            # Convection is quadratic: the tangent counts it twice, so the load takes it back once.
            state = self._solved(self.stokes + carried + tangent, tangent @ state)
        raise SolverError(f"Newton's method for Navier–Stokes left a residual of {size / scale:.1e} ({MAXITER} steps)")

    def step(self, now: Floats, before: Floats | None, dt: float) -> Floats:
        """Return the state dt later: BDF2, or backward Euler where there is no earlier state."""
        if before is None:
            weight, history, wind = 1.0, now, now
        else:
            weight, history, wind = 1.5, 2 * now - 0.5 * before, 2 * now - before
        matrix = self.stokes + self.mass * (weight / dt) + self._convection(wind, newton=False)[0]
        return self._solved(matrix, self.mass @ history / dt)

    def force(self, state: Floats, change: Floats | None = None) -> Floats:
        """Return the force on the body per density and length, ``(2,)`` in m³/s²; ``change`` is ∂u/∂t."""
        residual = (self.stokes + self._convection(state, newton=False)[0]) @ state
        if change is not None:
            residual = residual + self.mass @ change
        return np.array([-residual[self.body[self._component[self.body] == axis]].sum() for axis in range(2)])

    def speed(self, state: Floats) -> Floats:
        """Return |u| at the vertices, ``(V,)`` in m/s."""
        found: Floats = np.linalg.norm(state[self.velocity.nodal_dofs], axis=0)
        return found

    @cached_property
    def _component(self) -> Ints:
        component = np.zeros(self.velocity.N, np.int64)
        component[self.velocity.nodal_dofs[1]] = component[self.velocity.facet_dofs[1]] = 1
        return component

    def _convection(self, state: Floats, newton: bool = True) -> tuple[Any, Any]:
        """Return the matrices of (w·∇)u and, for Newton's method, of (u·∇)w, with w the velocity of ``state``."""
        from skfem.helpers import dot, grad, mul

        wind = self.velocity.interpolate(state[: self.velocity.N])
        form = skfem().BilinearForm
        carried = form(lambda u, v, w: dot(mul(grad(u), w["wind"]), v)).assemble(self.velocity, wind=wind)
        if not newton:
            return self._padded(carried), None
        sheared = form(lambda u, v, w: dot(mul(grad(w["wind"]), u), v)).assemble(self.velocity, wind=wind)
        return self._padded(carried), self._padded(sheared)

    def _padded(self, inner: Any) -> sparse.csc_array:
        empty = sparse.csc_array((self.pressure.N, self.pressure.N))
        return sparse.csc_array(sparse.block_diag([inner, empty]))

    def _solved(self, matrix: Any, load: Floats) -> Floats:
        free, result = ~self.fixed, self.values.copy()
        rows = matrix.tocsr()[free]
        try:
            result[free] = splu(rows[:, free].tocsc()).solve(load[free] - rows[:, self.fixed] @ result[self.fixed])
        except RuntimeError as error:
            raise SolverError(f"the Navier–Stokes matrix is singular ({error}): is a cell of zero area?") from error
        return result
