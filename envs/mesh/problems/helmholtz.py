"""Helmholtz (reaction–diffusion sign): −Δu + u = f with a random Gaussian sum as exact solution (UM2N, section 2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Self

import numpy as np

from simplatform.envs.mesh.finite_elements.fem import elliptic, l2_error
from simplatform.envs.mesh.finite_elements.on_device import Elliptic, elliptic_on, elliptic_packed
from simplatform.envs.mesh.geometry.mesh import KINDS, Floats, Mesh
from simplatform.envs.mesh.problems.base import SteadyProblem
from simplatform.envs.mesh.problems.gaussians import Gaussians


class Helmholtz(SteadyProblem):
    """−Δu + c·u = f in Ω, u = u_exact on ∂Ω; here c = 1. ``parameters`` are the Gaussians' rows, flat: ``(30,)`` in the
    plane.
    """

    kinds = tuple(KINDS)
    name = "helmholtz"
    devices = True
    linear = True
    reaction: ClassVar[float] = 1.0

    def __init__(self, exact: Gaussians) -> None:
        """Take the exact solution."""
        self.exact = exact
        self.parameters = exact.rows.ravel()

    @classmethod
    def sample(cls, rng: np.random.Generator, low: Floats, high: Floats) -> Helmholtz:
        """Draw the exact solution (the paper's "aniso, full" scheme)."""
        return cls(Gaussians.sample(rng, low, high))

    def source(self, points: Floats) -> Floats:
        """Return f = −Δu + c·u at points ``(..., 2)``."""
        return self.reaction * self.exact(points) - self.exact.laplacian(points)

    def solve(self, mesh: Mesh) -> Floats:
        """Return the P1 solution, ``(V,)``."""
        if self.device != "cpu":
            return elliptic_on(self.device, mesh, self.source, reaction=self.reaction, boundary=self.exact)
        return elliptic(mesh, self.source, reaction=self.reaction, boundary=self.exact, solver=self.solver)

    @classmethod
    def solve_all(cls, problems: Sequence[Self], meshes: Sequence[Mesh]) -> list[Floats | None]:
        """Return solutions ``(V,)`` of one packed system on an accelerator; None where a problem solves itself."""
        devices = {problem.device for problem in problems}
        if len(problems) < 2 or len(devices) > 1 or devices == {"cpu"}:
            return [None] * len(problems)
        systems = [
            Elliptic(mesh, problem.source, problem.exact) for mesh, problem in zip(meshes, problems, strict=True)
        ]
        found = elliptic_packed(devices.pop(), systems, cls.reaction)
        return [one if np.isfinite(one).all() else None for one in found]  # alone, it says what is wrong

    def error(self, mesh: Mesh, values: Floats) -> float:
        """Return ‖u_h − u‖ in L2."""
        return l2_error(mesh, values, self.exact)

    def truth(self, points: Floats) -> Floats:
        """Return the exact solution at points."""
        return self.exact(points)
