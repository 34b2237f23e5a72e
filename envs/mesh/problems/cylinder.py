"""Flow past a cylinder in a channel: the benchmark of Schäfer and Turek (1996), drag and lift.

Channel [0, 2.2] × [0, 0.41] m, cylinder of diameter D = 0.1 m at (0.2, 0.2) m, ν = 1e-3 m²/s, parabolic inflow of mean
velocity Ū = ⅔ of its peak; Re = ŪD/ν. Case 2D-1 is Re 20, steady; case 2D-2 is Re 100, unsteady.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import numpy as np

from simplatform.envs.mesh.finite_elements.navier_stokes import Inflow, TaylorHood
from simplatform.envs.mesh.finite_elements.p1 import P1
from simplatform.envs.mesh.finite_elements.reference import Reference, refined
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.monitors import standard as monitors
from simplatform.envs.mesh.problems.base import SteadyProblem
from simplatform.errors import DataError

LENGTH, HEIGHT, DIAMETER, NU = 2.2, 0.41, 0.1, 1e-3
PUBLISHED = {"drag": 5.57953523384, "lift": 0.010618948146}
"""Coefficients of case 2D-1 (Re 20), from spectral computations (John and Matthies, 2001; Nabh, 1998)."""


class Cylinder(SteadyProblem):
    """Steady flow at Reynolds numbers 10…30; the solution is the speed |u| at the vertices, ``(V,)`` in m/s.

    The reference is the same problem on the domain's mesh, refined once: P2 elements are then eight times as accurate.
    The cylinder is the polygon of the original mesh in both, so that only the discretisation of the flow is measured.
    """

    name = "cylinder"
    geometry = "uniform-cylinder"

    def __init__(self, peak: float = 0.3) -> None:
        """Take the peak velocity of the inflow (m/s); 0.3 is Re 20."""
        self.peak = peak
        self.parameters = np.array([peak])
        self._forces: WeakKeyDictionary[Mesh, Floats] = WeakKeyDictionary()
        self._reference: tuple[Reference, Floats] | None = None

    @classmethod
    def check_domain(cls, mesh: Mesh) -> None:
        """Refuse all but meshes of the benchmark's channel.

        Raises:
            DataError: another box, or no hole of about the cylinder's size in it.
        """
        super().check_domain(mesh)
        hole = LENGTH * HEIGHT - float(np.abs(mesh.volumes).sum())
        box = np.allclose(np.concatenate(mesh.bounds), [0, 0, LENGTH, HEIGHT], atol=1e-6)
        if not box or not 0.5 < hole / (np.pi * DIAMETER**2 / 4) < 1.1:
            raise DataError(
                f"the flow runs through the channel [0, {LENGTH}] × [0, {HEIGHT}] m around a cylinder of diameter "
                f"{DIAMETER} m: use geometry 'cylinder' or 'uniform-cylinder', or a mesh of that domain"
            )

    @classmethod
    def sample(cls, rng: np.random.Generator, low: Floats, high: Floats) -> Cylinder:
        """Draw a peak velocity of 0.15…0.45 m/s, Re 10…30. The box is not used: the channel is the benchmark's."""
        return cls(float(rng.uniform(0.15, 0.45)))

    @property
    def reynolds(self) -> float:
        """ŪD/ν."""
        return 2 / 3 * self.peak * DIAMETER / NU

    def solve(self, mesh: Mesh) -> Floats:
        """Return the speed at the vertices; drag and lift of the mesh are kept.

        Raises:
            SolverError: Newton's method does not converge.
        """
        if self._reference is None:
            self._reference = self._finer(mesh)
        return self._flow(mesh)

    def error(self, mesh: Mesh, values: Floats) -> float:
        """Return the L2 difference of the speed, as a P1 function, from the fine one."""
        if self._reference is None:
            self._reference = self._finer(mesh)
        return self._reference[0].error(mesh, values)

    def monitor(self, mesh: Mesh, values: Floats) -> Floats:
        """Return the gradient monitor of the speed: forces come from the boundary layer. Chosen on validation flows."""
        return monitors.gradient(mesh, values)

    def truth(self, points: Floats) -> Floats:
        """Return the fine speed at points."""
        assert self._reference is not None
        return self._reference[0].at(points)

    def coefficients(self, mesh: Mesh) -> Floats:
        """Return drag and lift coefficients 2F/(Ū²D) on a mesh, ``(2,)``."""
        if mesh not in self._forces:
            self._flow(mesh)
        return self._forces[mesh]

    def quantities(self, mesh: Mesh) -> dict[str, float]:
        """Return the absolute errors of the drag and lift coefficients against the fine mesh."""
        assert self._reference is not None
        drag, lift = np.abs(self.coefficients(mesh) - self._reference[1])
        return {"drag": float(drag), "lift": float(lift)}

    def _finer(self, mesh: Mesh) -> tuple[Reference, Floats]:
        fine = refined(mesh, 1)
        return Reference(P1(fine), self._flow(fine)), self.coefficients(fine)

    def _flow(self, mesh: Mesh) -> Floats:
        flow = TaylorHood(mesh, NU, inflow(self.peak))
        state = flow.steady()
        self._forces[mesh] = 2 * flow.force(state) / ((2 / 3 * self.peak) ** 2 * DIAMETER)
        return flow.speed(state)


def inflow(peak: float) -> Inflow:
    """Return the parabolic profile 4·U·y(H − y)/H² with its peak in m/s."""

    def profile(points: Floats) -> Floats:
        along = 4 * peak * points[:, 1] * (HEIGHT - points[:, 1]) / HEIGHT**2
        return np.stack([along, np.zeros_like(along)], axis=1)

    return profile


def vortex_street(mesh: Mesh, *, peak: float = 1.5, dt: float = 0.005, end: float = 5.0) -> Floats:
    """Return rows (time, drag, lift) of the flow started from Stokes flow, ``(steps, 3)``; peak 1.5 is Re 100."""
    flow, rows = TaylorHood(mesh, NU, inflow(peak)), []
    before, now = None, flow.creeping()
    for number in range(round(end / dt)):
        following = flow.step(now, before, dt)
        change = (following - now) / dt if before is None else (1.5 * following - 2 * now + 0.5 * before) / dt
        force = flow.force(following, change)
        rows.append([(number + 1) * dt, *(2 * force / ((2 / 3 * peak) ** 2 * DIAMETER))])
        before, now = now, following
    return np.array(rows)


def strouhal(rows: Floats, peak: float = 1.5, periods: int = 3) -> float:
    """Return D·f/Ū with f from the last upward crossings of the lift's mean; NaN where there are too few.

    ``rows`` are those of ``vortex_street``.
    """
    late = rows[len(rows) // 2 :]
    lift = late[:, 2] - (late[:, 2].max() + late[:, 2].min()) / 2
    up = np.flatnonzero((lift[:-1] < 0) & (lift[1:] >= 0))
    times = late[up, 0] - lift[up] * (late[up + 1, 0] - late[up, 0]) / (lift[up + 1] - lift[up])
    if len(times) < 2:
        return float("nan")
    used = times[-(periods + 1) :]
    return float((len(used) - 1) / (used[-1] - used[0]) * DIAMETER / (2 / 3 * peak))
