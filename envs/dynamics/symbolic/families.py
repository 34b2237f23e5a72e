"""Families of equations that PROSE is trained on: right-hand sides as text, parameters within ±10 % of a reference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import sympy

from simplatform.envs.dynamics.equations.field import VectorField
from simplatform.envs.dynamics.symbolic.polish import rounded
from simplatform.errors import UnknownName
from simplatform.expressions import parse

VARIABLES = ("u_0", "u_1", "u_2")
AROUND = 0.1
"""How far parameters lie from their reference, as a share of it, at most."""


@dataclass(frozen=True)
class SymbolicFamily:
    """Right-hand sides in ``x, y, z`` and parameters with their reference values."""

    texts: tuple[str, str, str]
    reference: Mapping[str, float]

    @cached_property
    def expressions(self) -> list[sympy.Expr]:
        """The right-hand sides in ``VARIABLES`` and parameters."""
        renamed = {
            sympy.Symbol(a, real=True): sympy.Symbol(b, real=True) for a, b in zip("xyz", VARIABLES, strict=True)
        }
        names = ("x", "y", "z", *self.reference)
        return [parse(text, names, "family").xreplace(renamed) for text in self.texts]

    @cached_property
    def field(self) -> VectorField:
        """The vector field."""
        return VectorField(dict(zip(VARIABLES, self.expressions, strict=True)), tuple(self.reference))

    def drawn(self, random: np.random.Generator) -> dict[str, float]:
        """Draw parameters, as exact as their words."""
        return {name: rounded(value * random.uniform(1 - AROUND, 1 + AROUND)) for name, value in self.reference.items()}

    def system(self, parameters: Mapping[str, float]) -> list[sympy.Expr]:
        """Return the right-hand sides with numbers in the place of parameters."""
        numbers = {sympy.Symbol(name, real=True): sympy.Float(value) for name, value in parameters.items()}
        return [one.subs(numbers) for one in self.expressions]


FAMILIES = {
    "thomas": SymbolicFamily(("sin(y) - b*x", "sin(z) - b*y", "sin(x) - b*z"), {"b": 0.17}),
    "rossler": SymbolicFamily(("-y - z", "x + a*y", "b + z*(x - c)"), {"a": 0.2, "b": 0.2, "c": 5.7}),
    "sprott-b": SymbolicFamily(("a*y*z", "x - b*y", "c - x*y"), {"a": 0.4, "b": 1.2, "c": 1.0}),
    "duffing": SymbolicFamily(
        ("y", "-d*y - a*x - b*x**3 + g*cos(z)", "w"), {"d": 0.1, "a": 1.0, "b": 0.25, "g": 2.5, "w": 2.0}
    ),
    "sprott-linz-f": SymbolicFamily(("y + z", "-x + a*y", "x**2 - b*z"), {"a": 0.5, "b": 1.0}),
}
"""Five of PROSE's kind whose errors grow slowly, so that 4 time units can be said at all; Lorenz is not among them."""


def find_family(name: str) -> SymbolicFamily:
    """Return a family by name.

    Raises:
        UnknownName: no such family.
    """
    if name not in FAMILIES:
        raise UnknownName("symbolic family", name, FAMILIES)
    return FAMILIES[name]
