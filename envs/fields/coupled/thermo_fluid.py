"""Thermo-fluid: Boussinesq's equations in a closed square, steady.

(u·∇)u/Pr − Δu + ∇p = Ra T e_y + f, ∇·u = 0, u·∇T − ΔT = q; walls at rest and cold. Heat moves the fluid, and the fluid
carries the heat. Taylor–Hood (P2, P1) for the flow, P1 for the temperature, Picard's iteration.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from simplatform.envs.fields.coupled.base import Coupled, Field, Floats, Square, blobs, iterate, skfem

Sources = tuple[Callable[[Floats, Floats], Floats], Field]


class ThermoFluid(Coupled):
    """Given: the heating q; found: velocity (u, v) and temperature T."""

    name = "thermo-fluid-lite"
    given: ClassVar[tuple[str, ...]] = ("heating",)
    found: ClassVar[tuple[str, ...]] = ("velocity x", "velocity y", "temperature")

    def __init__(self, rayleigh: float = 1e3, prandtl: float = 1.0, sources: Sources | None = None) -> None:
        """Set Ra and Pr; ``sources`` are the force ``(2, ...)`` and the heating of manufactured solutions."""
        self.rayleigh, self.prandtl, self.sources = rayleigh, prandtl, sources

    def sample(self, random: np.random.Generator, square: Square) -> Floats:
        """Draw one to three heated spots."""
        return blobs(random, square, int(random.integers(1, 4)), 50, 150, 0.15)[None]

    def solve(self, square: Square, given: Floats, *, coupled: bool = True) -> Floats:
        """Return velocity and temperature, nothing before; one-way, the temperature is that of a fluid at rest."""
        flow = _Flow(square, self)
        still = np.zeros(flow.size + len(square.places[0]))

        def step(state: Floats) -> Floats:
            velocity = state[: flow.size]
            temperature = flow.temperature(velocity if coupled else 0 * velocity, given[0])
            return np.concatenate([flow.velocity(velocity, temperature), temperature])

        state = iterate(step, still, "velocity and temperature", relax=0.9 if coupled else 1.0)
        u, v = flow.at_vertices(state[: flow.size])
        found = np.stack([u, v, state[flow.size :]])
        return np.stack([0 * found, found])


class _Flow:
    """Forms and boundary conditions on one mesh."""

    def __init__(self, square: Square, problem: ThermoFluid) -> None:
        from skfem.helpers import ddot, div, dot, grad, mul

        fem = skfem()
        self.square, self.problem = square, problem
        self.space = fem.Basis(square.mesh, fem.ElementVector(fem.ElementTriP2()), intorder=4)
        self.heat = square.p1
        pressure = self.space.with_element(fem.ElementTriP1())
        self._drag = fem.BilinearForm(lambda u, v, w: ddot(grad(u), grad(v))).assemble(self.space)
        self._squeeze = fem.BilinearForm(lambda u, q, w: -div(u) * q).assemble(self.space, pressure)
        self._carry = fem.BilinearForm(lambda u, v, w: dot(mul(grad(u), w.at), v) / problem.prandtl)
        self._spread = fem.BilinearForm(lambda t, s, w: dot(grad(t), grad(s))).assemble(self.heat)
        self._advect = fem.BilinearForm(lambda t, s, w: dot(w.at, grad(t)) * s)
        self._lift = fem.LinearForm(lambda v, w: problem.rayleigh * w.warmth * v[1])
        self.size = self._drag.shape[0]
        self._fixed = np.append(self.space.get_dofs().all(), self.size)  # walls at rest, and one pressure
        self._force, self._source = np.zeros(self.size), None
        if problem.sources is not None:
            force, heating = problem.sources
            self._force = fem.LinearForm(lambda v, w: dot(force(*w.x), v)).assemble(self.space)
            self._source = fem.LinearForm(lambda s, w: heating(*w.x) * s).assemble(self.heat)

    def velocity(self, at: Floats, temperature: Floats) -> Floats:
        """Return the flow that a temperature drives, carried by the velocity ``at``."""
        from scipy.sparse import bmat

        fem = skfem()
        matrix = self._drag + self._carry.assemble(self.space, at=self.space.interpolate(at))
        system = bmat([[matrix, self._squeeze.T], [self._squeeze, None]], "csc")
        warmth = self.heat.with_element(fem.ElementTriP1()).interpolate(temperature)
        push = self._force + self._lift.assemble(self.space, warmth=warmth)
        load = np.concatenate([push, np.zeros(system.shape[0] - self.size)])
        found: Floats = fem.solve(*fem.condense(system, load, D=self._fixed))
        return found[: self.size]

    def temperature(self, velocity: Floats, heating: Floats) -> Floats:
        """Return the temperature in a flow."""
        fem = skfem()
        matrix = self._spread + self._advect.assemble(self.heat, at=self.space.interpolate(velocity))
        load = self._source
        if load is None:
            load = fem.LinearForm(lambda s, w: w.q * s).assemble(self.heat, q=self.heat.interpolate(heating))
        found: Floats = fem.solve(*fem.condense(matrix, load, D=self.square.edge))
        return found

    def at_vertices(self, velocity: Floats) -> Any:
        """Return both components at the vertices."""
        return velocity[self.space.nodal_dofs]
