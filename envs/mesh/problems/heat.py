"""Heat: ∂u/∂t = κΔu, sharp peaks that spread; the solution is known (sums of heat kernels)."""

from __future__ import annotations

import numpy as np
from scipy.sparse.linalg import splu

from simplatform.envs.mesh.finite_elements.fem import l2_error
from simplatform.envs.mesh.finite_elements.p1 import P1
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.problems.base import UnsteadyProblem


class Heat(UnsteadyProblem):
    """Crank–Nicolson in time; Dirichlet values from the exact solution. ``peaks (K, 4)``: z, x, y, squared width at t
    = 0.
    """

    name = "heat"

    def __init__(
        self, peaks: Floats, kappa: float = 0.01, end: float = 0.5, intervals: int = 10, substeps: int = 4
    ) -> None:
        """Take peaks, diffusivity κ (m²/s), the end time (s), mesh moves, and time steps between moves."""
        self.peaks, self.kappa, self.end = peaks, kappa, end
        self.intervals, self.substeps = intervals, substeps
        self.parameters = np.concatenate([peaks.ravel(), [kappa]])

    @classmethod
    def sample(cls, rng: np.random.Generator, low: Floats, high: Floats) -> Heat:
        """Draw three peaks of width 0.05 to 0.1."""
        centres = low + (high - low) * rng.uniform(0.2, 0.8, (3, 2))
        return cls(np.column_stack([rng.uniform(0.5, 1, 3), centres, rng.uniform(0.05, 0.1, 3) ** 2]))

    def exact(self, points: Floats, time: float) -> Floats:
        """Return u at points ``(..., 2)``: Σ z·s₀²/s²·exp(−r²/s²), s² = s₀² + 4κt."""
        total = np.zeros(np.shape(points)[:-1])
        for z, x, y, width in self.peaks:
            spread = width + 4 * self.kappa * time
            total += z * width / spread * np.exp(-((points - np.array([x, y])) ** 2).sum(axis=-1) / spread)
        return total

    def initial(self, mesh: Mesh) -> Floats:
        """Return the exact values at the vertices."""
        return self.exact(mesh.points, 0.0)

    def advance(self, mesh: Mesh, state: Floats, interval: int) -> Floats:
        """Return nodal values one interval later."""
        space, fixed = P1(mesh), mesh.boundary
        step = self.end / self.intervals / self.substeps
        diffusion = 0.5 * step * self.kappa * space.stiffness
        implicit, explicit = (space.mass + diffusion).tocsr(), (space.mass - diffusion).tocsr()
        factor = splu(implicit[~fixed][:, ~fixed].tocsc())
        for k in range(self.substeps):
            time = interval * self.end / self.intervals + (k + 1) * step
            following = np.where(fixed, self.exact(mesh.points, time), 0.0)
            load = (explicit @ state - implicit @ following)[~fixed]
            following[~fixed] = factor.solve(load)
            state = following
        return state

    def error(self, mesh: Mesh, state: Floats, interval: int) -> float:
        """Return ‖u_h − u‖ in L2 at the end of the interval."""
        return l2_error(mesh, state, lambda points: self.truth(points, interval))

    def truth(self, points: Floats, interval: int) -> Floats:
        """Return the exact solution at the end of the interval."""
        return self.exact(points, (interval + 1) * self.end / self.intervals)
