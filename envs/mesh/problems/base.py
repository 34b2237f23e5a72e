"""What a PDE problem is to a mesh environment."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from simplatform.envs.mesh import monitors
from simplatform.envs.mesh.mesh import Floats, Mesh


class SteadyProblem(ABC):
    """A boundary-value problem drawn from a family, with an exact solution or a fine-grid reference.

    ``parameters`` is a flat vector that determines the problem (the family's own layout), so that objectives in torch
    can rebuild it.
    """

    name: ClassVar[str]
    parameters: Floats

    @classmethod
    @abstractmethod
    def sample(cls, rng: np.random.Generator, low: Floats, high: Floats) -> SteadyProblem:
        """Draw a problem for a domain inside the box ``low``…``high`` (m)."""

    @abstractmethod
    def solve(self, mesh: Mesh) -> Floats:
        """Return the finite-element solution, nodal values ``(V,)``.

        Raises:
            SolverError: the system is singular or an iteration does not converge.
        """

    @abstractmethod
    def error(self, mesh: Mesh, values: Floats) -> float:
        """Return the L2(Ω) error of nodal values."""

    def monitor(self, mesh: Mesh, values: Floats) -> Floats:
        """Return the family's usual monitor function, ``(V,)``."""
        return monitors.hessian(mesh, values)
