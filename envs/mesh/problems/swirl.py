"""Swirl: linear advection in a vortex that turns back at half time; discontinuous P1, upwind, SSP Runge–Kutta.

∂u/∂t + c·∇u = 0 with c = α·a(t)·(sin²πx sin 2πy, −sin²πy sin 2πx), a = +1 before t = ½ and −1 after (UM2N, section 2).
The exact solution follows the characteristics, which are integrated back to the initial peak; at t = 1 it is the peak
itself.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from simplatform.envs.mesh.finite_elements.fem_torch import DEGREE_SIX
from simplatform.envs.mesh.finite_elements.p1 import P1, QUADRATURE
from simplatform.envs.mesh.finite_elements.transfer import cellwise
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.monitors import standard as monitors
from simplatform.envs.mesh.problems.base import UnsteadyProblem
from simplatform.errors import DataError

CFL = 0.15
GAUSS = np.array([0.5 - np.sqrt(3) / 6, 0.5 + np.sqrt(3) / 6])


class Swirl(UnsteadyProblem):
    """State: discontinuous P1, ``(C, 3)``. Nothing flows through the boundary of the unit square."""

    name = "swirl"

    def __init__(
        self, centre: Floats, width: float, *, speed: float = 1.5, end: float = 1.0, intervals: int = 20
    ) -> None:
        """Take the peak's centre (m), its width σ in exp(−(r − r₀)²/2σ²) with r₀ = 0.2, α = speed, and mesh moves."""
        self.centre, self.width, self.radius = np.asarray(centre, float), width, 0.2
        self.speed, self.end, self.intervals = speed, end, intervals
        self.parameters = np.array([*self.centre, width, self.radius, speed])

    @classmethod
    def check_domain(cls, mesh: Mesh) -> None:
        """Refuse all but triangulations of the unit square, through whose boundary nothing flows.

        Raises:
            DataError: another domain.
        """
        super().check_domain(mesh)
        corners = np.concatenate([*mesh.bounds, [np.abs(mesh.volumes).sum()]])
        if not np.allclose(corners, [0, 0, 1, 1, 1], atol=1e-9):
            raise DataError("the swirl turns inside the unit square [0, 1]²: use a mesh of it, got another domain")

    @classmethod
    def sample(cls, rng: np.random.Generator, low: Floats, high: Floats) -> Swirl:
        """Draw a ring around a centre near (0.3, 0.3), of the published radius 0.2 and σ of 0.03 to 0.06."""
        return cls(rng.uniform(0.25, 0.35, 2), float(rng.uniform(0.03, 0.06)))

    def peak(self, points: Floats) -> Floats:
        """Return the initial ring at points ``(..., 2)``."""
        r = np.linalg.norm(points - self.centre, axis=-1)
        found: Floats = np.exp(-((r - self.radius) ** 2) / (2 * self.width**2))
        return found

    def velocity(self, points: Floats, time: float) -> Floats:
        """Return c at points ``(..., 2)``, in m/s."""
        x, y = points[..., 0], points[..., 1]
        sign = self.speed * (1.0 if time < self.end / 2 else -1.0)
        field = np.stack(
            [np.sin(np.pi * x) ** 2 * np.sin(2 * np.pi * y), -(np.sin(np.pi * y) ** 2) * np.sin(2 * np.pi * x)], -1
        )
        return sign * field

    def exact(self, points: Floats, time: float, steps: int = 100) -> Floats:
        """Return u at points: the peak at the foot of each characteristic (classical Runge–Kutta backwards)."""
        # Flow and counter-flow cancel, so only the time away from the turning point counts.
        length = min(time, self.end - time)
        h, foot = -length / steps, np.array(points, float)
        for _ in range(steps if length > 0 else 0):
            k1 = self.velocity(foot, 0.0)
            k2 = self.velocity(foot + 0.5 * h * k1, 0.0)
            k3 = self.velocity(foot + 0.5 * h * k2, 0.0)
            foot = foot + h / 6 * (k1 + 2 * k2 + 2 * k3 + self.velocity(foot + h * k3, 0.0))
        return self.peak(foot)

    def initial(self, mesh: Mesh) -> Floats:
        """Return the L2 projection of the peak, ``(C, 3)``."""
        points, weights = DEGREE_SIX
        at = self.peak(np.einsum("qk,ckd->cqd", points, mesh.points[mesh.cells]))
        found: Floats = np.einsum("cq,q,qk,kl->cl", at, weights, points, 12 * (np.eye(3) - 0.25), optimize=True)
        return found

    def advance(self, mesh: Mesh, state: Floats, interval: int) -> Floats:
        """Return the state one interval later; the time step follows from the smallest cell."""
        scheme, length = Upwind(mesh, lambda p: self.velocity(p, 0.0)), self.end / self.intervals
        steps = max(1, int(np.ceil(length * self.speed / (CFL * scheme.smallest))))
        for k in range(steps):
            middle = (interval + (k + 0.5) / steps) * length
            state = scheme.step(state, length / steps, 1.0 if middle < self.end / 2 else -1.0)
        return state

    def error(self, mesh: Mesh, state: Floats, interval: int) -> float:
        """Return ‖u_h − u‖ in L2 at the end of the interval."""
        points, weights = DEGREE_SIX
        exact = self.truth(np.einsum("qk,ckd->cqd", points, mesh.points[mesh.cells]), interval)
        return float(np.sqrt(np.abs(mesh.volumes) @ ((state @ points.T - exact) ** 2 @ weights)))

    def truth(self, points: Floats, interval: int) -> Floats:
        """Return the exact solution at the end of the interval."""
        return self.exact(points, (interval + 1) * self.end / self.intervals)

    def nodal(self, mesh: Mesh, state: Floats) -> Floats:
        """Return the continuous P1 projection, ``(V,)``."""
        space = P1(mesh)
        mass = (space.areas / 12)[:, None, None] * (np.ones((3, 3)) + np.eye(3))
        return space.project(space.scatter(np.einsum("cij,cj->ci", mass, state)))

    def monitor(self, mesh: Mesh, state: Floats) -> Floats:
        """Return the published monitor: the larger of Hessian and gradient parts, smoothed."""
        return monitors.combined(mesh, self.nodal(mesh, state))

    def transfer(self, old: Mesh, state: Floats, new: Mesh) -> Floats:
        """Return the state on the new mesh, its integral kept."""
        return cellwise(old, state, new)


class Upwind:
    """Discontinuous P1, upwind, for ∂u/∂t + ∇·(s·c u) = 0, div c = 0, s = ±1, no flow through the boundary."""

    def __init__(self, mesh: Mesh, velocity: Callable[[Floats], Floats]) -> None:
        """Precompute the volume term and the normal velocity at two Gauss points of each interior edge."""
        space = P1(mesh)
        self.smallest = float((2 * space.areas / _longest(mesh)).min())
        self._areas = space.areas
        points, weights = QUADRATURE[4]
        c = velocity(np.einsum("qk,ckd->cqd", points, mesh.points[mesh.cells]))
        self._volume = np.einsum("c,q,cqd,qj,cid->cij", space.areas, weights, c, points, space.gradients, optimize=True)
        self._cells, self._local = _sides(mesh)
        tails = mesh.points[mesh.cells[self._cells[:, 0], self._local[:, 0, 0]]]
        heads = mesh.points[mesh.cells[self._cells[:, 0], self._local[:, 0, 1]]]
        along = heads - tails
        normal = np.stack([along[:, 1], -along[:, 0]], axis=1)
        places = tails[:, None] + GAUSS[:, None] * along[:, None]
        self._flow = np.einsum("eqd,ed->eq", velocity(places), normal) / 2
        self._shape = np.stack([1 - GAUSS, GAUSS], axis=1)

    def step(self, u: Floats, dt: float, sign: float) -> Floats:
        """Return the state after one step of the three-stage SSP Runge–Kutta method (Shu and Osher, 1988)."""
        one = u + dt * self.rate(u, sign)
        two = 0.75 * u + 0.25 * (one + dt * self.rate(one, sign))
        return u / 3 + 2 / 3 * (two + dt * self.rate(two, sign))

    def rate(self, u: Floats, sign: float) -> Floats:
        """Return du/dt, ``(C, 3)``."""
        load = sign * np.einsum("cij,cj->ci", self._volume, u)
        left, right = self._traces(u)
        flow = sign * self._flow
        flux = np.where(flow > 0, flow * left, flow * right) @ self._shape
        for side, direction in ((0, -1.0), (1, 1.0)):
            for end in range(2):
                np.add.at(load, (self._cells[:, side], self._local[:, side, end]), direction * flux[:, end])
        found: Floats = (12 * load - 3 * load.sum(axis=1, keepdims=True)) / self._areas[:, None]
        return found

    def _traces(self, u: Floats) -> tuple[Floats, Floats]:
        values = [u[self._cells[:, side, None], self._local[:, side]] @ self._shape.T for side in range(2)]
        return values[0], values[1]


def _longest(mesh: Mesh) -> Floats:
    corners = mesh.points[mesh.cells]
    found: Floats = np.linalg.norm(corners - np.roll(corners, 1, axis=1), axis=2).max(axis=1)
    return found


def _sides(mesh: Mesh) -> tuple[np.ndarray, np.ndarray]:
    """Return interior edges: their two cells ``(E, 2)``, and the local numbers of tail and head in each, ``(E, 2,
    2)``.
    """
    cell, opposite = np.nonzero(mesh.neighbours >= 0)
    other = mesh.neighbours[cell, opposite]
    once = cell < other
    cell, opposite, other = cell[once], opposite[once], other[once]
    first = np.stack([(opposite + 1) % 3, (opposite + 2) % 3], axis=1)
    ends = mesh.cells[cell[:, None], first]
    second = (mesh.cells[other][:, None, :] == ends[:, :, None]).argmax(axis=2)
    return np.stack([cell, other], axis=1), np.stack([first, second], axis=1)
