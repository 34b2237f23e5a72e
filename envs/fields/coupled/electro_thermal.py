"""Electro-thermal: ∇·(σ∇φ) = 0, −ΔT = σ|∇φ|² + q, σ = σ₀(x)/(1 + αT); scaled units.

Joule heat warms the conductor, and warmth lowers its conductivity. The potential rises along x on the boundary, which
is cold.
"""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from simplatform.envs.fields.coupled.base import Coupled, Field, Floats, Square, blobs, iterate, skfem


class ElectroThermal(Coupled):
    """Given: σ₀; found: the potential φ and the temperature T. P1 for both."""

    name = "electro-thermal-lite"
    given: ClassVar[tuple[str, ...]] = ("conductivity",)
    found: ClassVar[tuple[str, ...]] = ("potential", "temperature")

    def __init__(self, voltage: float = 4.0, alpha: float = 1.0, sources: tuple[Field, Field] | None = None) -> None:
        """Set voltage and temperature coefficient; ``sources`` are right-hand sides of manufactured solutions."""
        self.voltage, self.alpha, self.sources = voltage, alpha, sources

    def sample(self, random: np.random.Generator, square: Square) -> Floats:
        """Draw one to four inclusions that conduct up to nine times as well."""
        return 1 + blobs(random, square, int(random.integers(1, 5)), 2, 8, 0.15)[None]

    def solve(self, square: Square, given: Floats, *, coupled: bool = True) -> Floats:
        """Return potential and temperature, nothing before."""
        from skfem.helpers import dot, grad

        fem, space = skfem(), square.p1
        base, alpha = space.interpolate(given[0]), self.alpha if coupled else 0.0

        def conductivity(w: Any) -> Any:
            return w.base / (1 + alpha * w.temperature)

        electric = fem.BilinearForm(lambda u, v, w: conductivity(w) * dot(grad(u), grad(v)))
        thermal = fem.BilinearForm(lambda u, v, w: dot(grad(u), grad(v))).assemble(space)
        heat = fem.LinearForm(lambda v, w: conductivity(w) * dot(grad(w.potential), grad(w.potential)) * v)
        loads: list[Any] = [_load(space, source) for source in self.sources or ()] or [0.0, 0.0]
        x, potential = square.places[0], np.zeros(len(square.places[0]))

        def step(temperature: Floats) -> Floats:
            nonlocal potential
            at = space.interpolate(temperature)
            matrix = electric.assemble(space, base=base, temperature=at)
            applied = np.where(np.isin(np.arange(len(x)), square.edge), self.voltage * x, 0.0)
            potential = fem.solve(*fem.condense(matrix, loads[0] + 0 * x, x=applied, D=square.edge))
            warmth = heat.assemble(space, base=base, temperature=at, potential=space.interpolate(potential))
            answer: Floats = fem.solve(*fem.condense(thermal, warmth + loads[1], D=square.edge))
            return answer

        temperature = iterate(step, np.zeros(len(x)), "potential and temperature")
        return np.stack([np.zeros((2, len(x))), np.stack([potential, temperature])])


def _load(space: Any, source: Field) -> Floats:
    found: Floats = skfem().LinearForm(lambda v, w: source(*w.x) * v).assemble(space)
    return found
