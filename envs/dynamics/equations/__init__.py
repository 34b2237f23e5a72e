"""Systems from a user's own equations: text read by a whitelist, never evaluated; with the exact Jacobian."""

from __future__ import annotations

from simplatform.envs.dynamics.equations.document import Equations, read_equations
from simplatform.envs.dynamics.equations.field import VectorField
from simplatform.expressions.language import parse

__all__ = ["Equations", "VectorField", "parse", "read_equations"]
