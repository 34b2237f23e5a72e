"""Thermo-electric problem with two-way coupling: Joule heat warms a conductor, and warmth lowers its conductivity.

∇·(σ∇φ) = 0 and −∇·(k∇T) = σ|∇φ|², with σ = σ₀(x)/(1 + αT), k = 1, all in scaled units. The potential rises linearly
along the boundary, the boundary is cold. σ₀ has random Gaussian inclusions.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from simplatform.envs.mesh.finite_elements.fem import basis, skfem, solve_dirichlet
from simplatform.envs.mesh.finite_elements.p1 import P1
from simplatform.envs.mesh.finite_elements.reference import Reference, refined
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.monitors import standard as monitors
from simplatform.envs.mesh.problems.base import SteadyProblem
from simplatform.envs.mesh.problems.gaussians import Gaussians
from simplatform.errors import SolverError

RTOL, MAXITER, CONTRAST = 1e-10, 60, 8.0


class ThermoElectric(SteadyProblem):
    """Fixed-point iteration between potential and temperature; the solution is the temperature T ``(V,)``.

    The reference is the same problem on the domain's mesh, refined twice.
    """

    name = "thermo-electric"

    def __init__(self, inclusions: Gaussians, voltage: float = 3.0, alpha: float = 1.0) -> None:
        """Take inclusions, the voltage across the domain, and the temperature coefficient α."""
        self.inclusions, self.voltage, self.alpha = inclusions, voltage, alpha
        self.parameters = np.concatenate([inclusions.rows.ravel(), [voltage, alpha]])
        self._reference: tuple[Mesh, Reference] | None = None

    @classmethod
    def sample(cls, rng: np.random.Generator, low: Floats, high: Floats) -> ThermoElectric:
        """Draw one to six inclusions and a voltage in 2…4."""
        return cls(Gaussians.sample(rng, low, high), voltage=float(rng.uniform(2, 4)))

    def conductivity(self, points: Floats, temperature: Floats) -> Floats:
        """Return σ at points ``(..., 2)`` and temperatures ``(...)``."""
        return (1 + CONTRAST * self.inclusions(points)) / (1 + self.alpha * temperature)

    def solve(self, mesh: Mesh) -> Floats:
        """Return the temperature, ``(V,)``.

        Raises:
            SolverError: the iteration does not converge.
        """
        if self._reference is None:
            self._reference = (mesh, self._make_reference(mesh))
        return self._temperature(mesh)

    def error(self, mesh: Mesh, values: Floats) -> float:
        """Return ‖T_h − T_fine‖ in L2."""
        if self._reference is None:
            self._reference = (mesh, self._make_reference(mesh))
        return self._reference[1].error(mesh, values)

    def truth(self, points: Floats) -> Floats:
        """Return the fine temperature at points."""
        assert self._reference is not None
        return self._reference[1].at(points)

    def monitor(self, mesh: Mesh, values: Floats) -> Floats:
        """Return the Hessian monitor of the temperature."""
        return monitors.hessian(mesh, values)

    def _make_reference(self, mesh: Mesh) -> Reference:
        fine = refined(mesh, 2)
        return Reference(P1(fine), self._temperature(fine))

    def _temperature(self, mesh: Mesh) -> Floats:
        space, fixed = basis(mesh), mesh.boundary
        electric, thermal, heat = _forms(self)
        conduction = thermal.assemble(space).tocsc()
        x = mesh.points[:, 0]
        applied = np.where(fixed, self.voltage * (x - x.min()) / (x.max() - x.min()), 0.0)
        temperature, nothing = np.zeros(len(x)), np.zeros(len(x))
        for _ in range(MAXITER):
            at = space.interpolate(temperature)
            potential = solve_dirichlet(electric.assemble(space, temperature=at).tocsc(), nothing, applied, fixed)
            load = heat.assemble(space, temperature=at, potential=space.interpolate(potential))
            following = solve_dirichlet(conduction, load, nothing, fixed)
            change = float(np.abs(following - temperature).max())
            temperature = following
            if change <= RTOL * max(float(np.abs(following).max()), 1e-300):
                return temperature
        raise SolverError(f"potential and temperature still change by {change:.1e} after {MAXITER} iterations")


def _forms(problem: ThermoElectric) -> tuple[Any, Any, Any]:
    from skfem.helpers import dot, grad

    def sigma(w: Any) -> Any:
        return problem.conductivity(np.moveaxis(w.x, 0, -1), w.temperature)

    electric = skfem().BilinearForm(lambda u, v, w: sigma(w) * dot(grad(u), grad(v)))
    thermal = skfem().BilinearForm(lambda u, v, w: dot(grad(u), grad(v)))
    heat = skfem().LinearForm(lambda v, w: sigma(w) * dot(grad(w.potential), grad(w.potential)) * v)
    return electric, thermal, heat
