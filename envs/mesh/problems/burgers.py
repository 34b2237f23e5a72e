"""Viscous Burgers in two components: ∂u/∂t + (u·∇)u = νΔu (UM2N, section 2 of its specification)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy import sparse
from scipy.sparse.linalg import splu

from simplatform.envs.mesh.finite_elements.p1 import P1
from simplatform.envs.mesh.finite_elements.reference import Reference, refined
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.problems.base import UnsteadyProblem
from simplatform.errors import SolverError

CENTRES = (((0.225, 0.5),), ((0.3, 0.35), (0.15, 0.65)), ((0.3, 0.7), (0.3, 0.3), (0.15, 0.5)))
"""Centres of the bumps in units of the domain's box, for one, two and three bumps."""

Velocity = Callable[[Floats, float], Floats]
RTOL, MAXITER = 1e-8, 20


class Burgers(UnsteadyProblem):
    """P1, backward Euler, Newton; natural boundary, or Dirichlet where ``exact`` is given. State: ``(V, 2)`` in m/s.

    The published set-up uses P2; the time step 1/30 s, the end time 2 s and the initial bumps are the published ones.
    The reference is the same problem, time step included, on the domain's mesh refined ``fineness`` times.
    """

    name = "burgers"

    def __init__(self, bumps: Floats, nu: float, *, end: float = 2.0, intervals: int = 60, fineness: int = 2,
                 exact: Velocity | None = None) -> None:  # fmt: skip
        """Take bump centres ``(K, 2)``, viscosity (m²/s), end time (s), and mesh moves (one time step each)."""
        self.bumps, self.nu, self.end, self.intervals = np.asarray(bumps, float), nu, end, intervals
        self.fineness, self.exact = fineness, exact
        padded = np.zeros((3, 2))
        padded[: len(self.bumps)] = self.bumps
        self.parameters = np.concatenate([padded.ravel(), [nu, len(self.bumps)]])
        self._references: list[Reference] = []

    @classmethod
    def sample(cls, rng: np.random.Generator, low: Floats, high: Floats) -> Burgers:
        """Draw one of the three published bump layouts and ν from {1e-4, 1e-3, 2e-3}."""
        centres = low + (high - low) * np.array(CENTRES[rng.integers(3)])
        return cls(centres, float(rng.choice([1e-4, 1e-3, 2e-3])))

    def prepare(self, mesh: Mesh) -> None:
        """Run the problem on the refined mesh and keep every interval's state."""
        if self.exact is not None:
            return
        fine = refined(mesh, self.fineness)
        space, state, self._references = P1(fine), self.initial(fine), []
        for interval in range(self.intervals):
            state = self.advance(fine, state, interval)
            self._references.append(Reference(space, state))

    def initial(self, mesh: Mesh) -> Floats:
        """Return u = (Σ exp(−r²/0.01), 0), or the exact velocity."""
        if self.exact is not None:
            return self.exact(mesh.points, 0.0)
        squares = ((mesh.points[:, None] - self.bumps) ** 2).sum(axis=-1)
        return np.stack([np.exp(-squares / 0.01).sum(axis=1), np.zeros(len(mesh.points))], axis=1)

    def advance(self, mesh: Mesh, state: Floats, interval: int) -> Floats:
        """Return the velocity one time step later.

        Raises:
            SolverError: Newton's method does not converge.
        """
        step, space = self.end / self.intervals, P1(mesh)
        fixed = mesh.boundary if self.exact is not None else np.zeros(len(mesh.points), bool)
        following = state.copy()
        if self.exact is not None:
            following[fixed] = self.exact(mesh.points[fixed], (interval + 1) * step)
        free = np.flatnonzero(~np.tile(fixed, 2))
        scale = float(np.linalg.norm(space.mass @ state)) / step + 1e-300
        for _ in range(MAXITER):
            tangent, residual = self._newton(space, following, state, step)
            size = float(np.linalg.norm(residual[free]))
            if size <= RTOL * scale:
                return following
            update = splu(tangent[free][:, free].tocsc()).solve(residual[free])
            following = _apply(following, free, update)
        raise SolverError(f"Newton's method for Burgers left a residual of {size / scale:.1e} after {MAXITER} steps")

    def error(self, mesh: Mesh, state: Floats, interval: int) -> float:
        """Return the L2 error of the velocity at the end of the interval."""
        if self.exact is None:
            return self._references[interval].error(mesh, state)
        space, difference = P1(mesh), state - self.exact(mesh.points, (interval + 1) * self.end / self.intervals)
        return float(np.sqrt(sum(column @ (space.mass @ column) for column in difference.T)))

    def truth(self, points: Floats, interval: int) -> Floats:
        """Return the first velocity component of the fine run, or of the exact velocity."""
        if self.exact is not None:
            return self.exact(points, (interval + 1) * self.end / self.intervals)[:, 0]
        return self._references[interval].at(points)[:, 0]

    def _newton(self, space: P1, u: Floats, before: Floats, step: float) -> tuple[sparse.csr_array, Floats]:
        convection, reaction = _convection(space, u), _reaction(space, u)
        linear = space.mass / step + self.nu * space.stiffness + convection
        blocks = [[reaction[a][b] + linear if a == b else reaction[a][b] for b in range(2)] for a in range(2)]
        residual = (linear @ u - space.mass @ before / step).T.ravel()
        return sparse.block_array(blocks).tocsr(), residual


def _apply(u: Floats, free: np.ndarray, update: Floats) -> Floats:
    flat = u.T.ravel()
    flat[free] -= update
    return flat.reshape(2, -1).T


def _convection(space: P1, u: Floats) -> sparse.csc_array:
    """∫ψ_i u·∇ψ_j, exact for P1."""
    nodal = u[space.mesh.cells]
    weighted = (nodal + nodal.sum(axis=1, keepdims=True)) * (space.areas / 12)[:, None, None]
    return space.assemble(np.einsum("cia,cja->cij", weighted, space.gradients))


def _reaction(space: P1, u: Floats) -> list[list[sparse.csc_array]]:
    """∫ψ_i ψ_j ∂_b u_a for a, b: the other half of the linearised convection."""
    slopes = np.einsum("cka,ckb->cab", u[space.mesh.cells], space.gradients)
    mass = (space.areas / 12)[:, None, None] * (np.ones((3, 3)) + np.eye(3))
    return [[space.assemble(mass * slopes[:, a, b, None, None]) for b in range(2)] for a in range(2)]
