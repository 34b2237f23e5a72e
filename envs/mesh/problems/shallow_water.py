"""Shallow water over a sea bed: a tsunami runs from a hump of water through a basin with walls for shores.

Finite volumes with hydrostatic reconstruction (after Audusse et al., 2004) and the HLL flux: water at rest stays at
rest exactly, and mass is conserved. Second order in space and time, without limiters: waves are smooth, no cell dries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from simplatform.envs.mesh.finite_elements.fem_torch import DEGREE_SIX
from simplatform.envs.mesh.finite_elements.p1 import P1
from simplatform.envs.mesh.finite_elements.reference import refined
from simplatform.envs.mesh.geometry.location import Locator
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.monitors import standard as monitors
from simplatform.envs.mesh.problems.base import UnsteadyProblem

Bed = Callable[[Floats], Floats]
"""Elevation (m) at points ``(..., 2)``."""
GRAVITY, CFL, DEPTH = 9.81, 0.4, 0.1
GAUGE_DISTANCE, ARRIVED = 0.15, 0.5
"""Distance of gauges from the hump's centre (m), and the share of the largest elevation that counts as arrival."""


class ShallowWater(UnsteadyProblem):
    """State: water height (m) and discharges (m²/s) per cell, ``(C, 3)``. The reference is a run on a refined mesh.

    The quantity of interest is when the wave arrives at four gauges, half way between hump and shore: the first time at
    which the elevation reaches ``ARRIVED`` of the largest that the fine run sees there. Its error is the mean over
    gauges, in s; a wave that never arrives counts as arriving at the end.
    """

    name = "tsunami"
    geometry = "coastline"
    of_interest = ("arrival",)

    def __init__(
        self,
        source: Floats,
        mount: Floats,
        *,
        end: float = 0.5,
        intervals: int = 10,
        fineness: int = 1,
        height: float = 0.01,
    ) -> None:
        """Take the places of hump and sea mount (m), end time (s), mesh moves and the hump's height (m)."""
        self.source, self.mount = np.asarray(source, float), np.asarray(mount, float)
        self.end, self.intervals, self.fineness, self.height = end, intervals, fineness, height
        self.parameters = np.concatenate([self.source, self.mount, [height]])
        self.gauges = self.source + GAUGE_DISTANCE * np.array([[1, 0], [0, 1], [-1, 0], [0, -1.0]])
        self._fine: tuple[Mesh, Locator, list[Floats]] | None = None
        self._fine_records: list[Floats] = []

    @classmethod
    def sample(cls, rng: np.random.Generator, low: Floats, high: Floats) -> ShallowWater:
        """Draw the places of hump and mount in the middle of the domain's box."""
        places = low + (high - low) * rng.uniform(0.35, 0.65, (2, 2))
        return cls(places[0], places[1])

    def bed(self, points: Floats) -> Floats:
        """Return the bed's elevation (m, negative) at points ``(..., 2)``: a plain with one mount."""
        squares = ((points - self.mount) ** 2).sum(axis=-1)
        found: Floats = DEPTH * (0.7 * np.exp(-squares / 0.02) - 1)
        return found

    def prepare(self, mesh: Mesh) -> None:
        """Run the problem on the refined mesh and keep the elevation after every interval."""
        fine = refined(mesh, self.fineness)
        state, kept = self.initial(fine), []
        bed, self._fine_records = self.bed(_centres(fine)), []
        for interval in range(self.intervals):
            state, record = self.measured(fine, state, interval)
            kept.append(state[:, 0] + bed)
            self._fine_records.append(record)
        self._fine = (fine, Locator(fine), kept)

    def initial(self, mesh: Mesh) -> Floats:
        """Return a hump of water at rest."""
        centres = _centres(mesh)
        hump = self.height * np.exp(-((centres - self.source) ** 2).sum(axis=1) / 0.005)
        still = np.zeros(len(centres))
        return np.stack([hump - self.bed(centres), still, still], axis=1)

    def advance(self, mesh: Mesh, state: Floats, interval: int) -> Floats:
        """Return the state one interval later."""
        return self.measured(mesh, state, interval)[0]

    def measured(self, mesh: Mesh, state: Floats, interval: int) -> tuple[Floats, Floats]:
        """Return the state one interval later, and rows (time in s, elevation at each gauge in m) of its steps."""
        scheme, length = HydrostaticHLL(mesh, self.bed), self.end / self.intervals
        cells, corners = Locator(mesh).find(self.gauges)
        gauges, rows = _Gauges(mesh, scheme.bed, cells, corners), []
        state = scheme.run(state, length, lambda t, now: rows.append([interval * length + t, *gauges(now)]))
        return state, np.array(rows)

    def quantities(self, records: Sequence[Floats]) -> dict[str, float]:
        """Return the mean error of the arrival time at the gauges, in s."""
        fine = np.concatenate(self._fine_records)
        level = ARRIVED * fine[:, 1:].max(axis=0)
        wanted, found = (self._arrivals(rows, level) for rows in (fine, np.concatenate(list(records))))
        return {"arrival": float(np.abs(found - wanted).mean())}

    def _arrivals(self, rows: Floats, level: Floats) -> Floats:
        """Return the times at which each gauge first reaches its level, between steps by interpolation, ``(G,)``."""
        times, heights = np.r_[0.0, rows[:, 0]], np.vstack([np.zeros(len(level)), rows[:, 1:]])
        result = np.full(len(level), self.end)
        for gauge, (column, top) in enumerate(zip(heights.T, level, strict=True)):
            after = np.flatnonzero(column >= top)
            if len(after) and after[0] > 0:
                k = after[0]
                result[gauge] = np.interp(top, column[[k - 1, k]], times[[k - 1, k]])
        return result

    def error(self, mesh: Mesh, state: Floats, interval: int) -> float:
        """Return the L2 difference of the surface elevation, linear in each cell, from the fine run's."""
        if self._fine is None:
            self.prepare(mesh)
        points, weights = DEGREE_SIX
        places = np.einsum("qk,ckd->cqd", points, mesh.points[mesh.cells])
        fine = self.truth(places.reshape(-1, 2), interval).reshape(places.shape[:2])
        elevation = (state[:, 0] + self.bed(_centres(mesh)))[:, None]
        offsets = places - _centres(mesh)[:, None]
        surface = elevation + np.einsum("cd,cqd->cq", _slopes(P1(mesh), elevation)[:, 0], offsets)
        return float(np.sqrt(np.abs(mesh.volumes) @ ((surface - fine) ** 2 @ weights)))

    def truth(self, points: Floats, interval: int) -> Floats:
        """Return the surface elevation of the fine run, linear in each cell."""
        assert self._fine is not None
        mesh, locator, kept = self._fine
        cells, elevation = locator.find(points)[0], kept[interval][:, None]
        slopes = _slopes(P1(mesh), elevation)[cells, 0]
        found: Floats = elevation[cells, 0] + (slopes * (points - _centres(mesh)[cells])).sum(axis=1)
        return found

    def nodal(self, mesh: Mesh, state: Floats) -> Floats:
        """Return the surface elevation, projected to P1, ``(V,)``."""
        space = P1(mesh)
        found: Floats = (space.averaging @ (state[:, 0] + self.bed(_centres(mesh)))) / space.lumped
        return found

    def monitor(self, mesh: Mesh, state: Floats) -> Floats:
        """Return the smoothed gradient monitor of the surface."""
        raw = monitors.gradient(mesh, self.nodal(mesh, state), 5.0) - 1.0
        return 1.0 + monitors.smooth(mesh, raw, 4.0)

    def transfer(self, old: Mesh, state: Floats, new: Mesh) -> Floats:
        """Return cell means of surface and discharge on the new mesh; still water stays still, mass is kept.

        Values are linear in each old cell, with the slope of the vertex averages: constants would smear the wave anew
        at every movement.
        """
        points, weights = DEGREE_SIX
        places = np.einsum("qk,ckd->cqd", points, new.points[new.cells])
        cells = Locator(old).find(places.reshape(-1, 2))[0].reshape(places.shape[:2])
        surface = np.concatenate([state[:, :1] + self.bed(_centres(old))[:, None], state[:, 1:]], axis=1)
        offset = places - _centres(old)[cells]
        values = surface[cells] + np.einsum("cqfd,cqd->cqf", _slopes(P1(old), surface)[cells], offset)
        result: Floats = np.einsum("q,cqf->cf", weights, values)
        result[:, 0] -= self.bed(_centres(new))
        moving = np.abs(result[:, 0] + self.bed(_centres(new))) > 1e-14
        if moving.any():
            missing = np.abs(old.volumes) @ state[:, 0] - np.abs(new.volumes) @ result[:, 0]
            result[:, 0] += missing / np.abs(new.volumes).sum()
        return result


class HydrostaticHLL:
    """The finite-volume scheme on one mesh: second order in space (linear in each cell) and time (Heun's method).

    The bed is evaluated at the middle of each edge, where both sides see the same: what is reconstructed is the
    surface, so that ``−g h ∇b`` becomes Σ ½ g h² n over a cell's own edge values less ``g h ∇η``, and water at rest
    stays at rest.
    """

    def __init__(self, mesh: Mesh, bed: Bed) -> None:
        """List the edges: left cell, right cell (the same at walls), outward normal times length, middle."""
        self.mesh, self.areas, self._space = mesh, np.abs(mesh.volumes), P1(mesh)
        self._left, self._right, self._wall, self._scaled, middles = _edges(mesh)
        centres = _centres(mesh)
        self.bed, self._bed_between = bed(centres), bed(middles)
        self._offsets = [middles - centres[cells] for cells in (self._left, self._right)]
        self._lengths = np.linalg.norm(self._scaled, axis=1)
        self._normal = self._scaled / self._lengths[:, None]
        around = np.bincount(self._left, self._lengths, len(centres))
        around += np.bincount(self._right[~self._wall], self._lengths[~self._wall], len(centres))
        self._width = float((2 * self.areas / around).min())

    def run(
        self, state: Floats, length: float, watch: Callable[[float, Floats], object] = lambda elapsed, state: None
    ) -> Floats:
        """Advance by ``length`` s in steps that obey the CFL condition; ``watch`` sees the state after each."""
        elapsed = 0.0
        while elapsed < length * (1 - 1e-12):
            speed = np.linalg.norm(state[:, 1:], axis=1) / state[:, 0] + np.sqrt(GRAVITY * state[:, 0])
            step = min(CFL * self._width / float(speed.max()), length - elapsed)
            first = state + step * self.rate(state)
            state = (state + first + step * self.rate(first)) / 2
            elapsed += step
            watch(elapsed, state)
        return state

    def rate(self, state: Floats) -> Floats:
        """Return d(state)/dt, ``(C, 3)``."""
        fields = np.column_stack([state[:, 0] + self.bed, state[:, 1:]])
        slopes = _slopes(self._space, fields)
        left = self._at_edges(fields, slopes, self._left, self._offsets[0])
        right = self._at_edges(fields, slopes, self._right, self._offsets[1])
        self._mirror(left, right)
        through = hll(left, right, self._normal)
        total = np.zeros_like(state)
        for cells, side, sign, use in ((self._left, left, -1.0, slice(None)), (self._right, right, 1.0, ~self._wall)):
            net = through.copy()
            net[:, 1:] -= 0.5 * GRAVITY * side[:, :1] ** 2 * self._normal
            net = sign * (net * self._lengths[:, None])[use]
            total += np.stack([np.bincount(cells[use], column, len(state)) for column in net.T], axis=1)
        result = total / self.areas[:, None]
        result[:, 1:] -= GRAVITY * state[:, :1] * slopes[:, 0]
        return result

    def _at_edges(self, fields: Floats, slopes: Floats, cells: np.ndarray, offsets: Floats) -> Floats:
        """Return height and discharges on one side of each edge, ``(E, 3)``."""
        values: Floats = fields[cells] + np.einsum("efd,ed->ef", slopes[cells], offsets)
        values[:, 0] = np.maximum(values[:, 0] - self._bed_between, 1e-12)
        return values

    def _mirror(self, left: Floats, right: Floats) -> None:
        """Put the mirror image behind walls."""
        wall, normal = self._wall, self._normal[self._wall]
        right[wall] = left[wall]
        right[wall, 1:] -= 2 * (left[wall, 1:] * normal).sum(axis=1, keepdims=True) * normal


def hll(a: Floats, b: Floats, normal: Floats) -> Floats:
    """Return the HLL flux through edges from states a to b ``(E, 3)`` with unit normals ``(E, 2)``."""
    (fa, ua, ca), (fb, ub, cb) = _normal_flux(a, normal), _normal_flux(b, normal)
    slow = np.minimum(np.minimum(ua - ca, ub - cb), 0.0)[:, None]
    fast = np.maximum(np.maximum(ua + ca, ub + cb), 0.0)[:, None]
    spread = np.maximum(fast - slow, 1e-300)
    found: Floats = (fast * fa - slow * fb + fast * slow * (b - a)) / spread
    return found


def _normal_flux(state: Floats, normal: Floats) -> tuple[Floats, Floats, Floats]:
    height = np.maximum(state[:, 0], 1e-300)
    speed = (state[:, 1:] * normal).sum(axis=1) / height
    flux = state * speed[:, None]
    flux[:, 1:] += 0.5 * GRAVITY * (state[:, 0] ** 2)[:, None] * normal
    return flux, speed, np.sqrt(GRAVITY * state[:, 0])


def _slopes(space: P1, values: Floats) -> Floats:
    """Return the gradient in each cell of cell means ``(C, f)`` averaged to the vertices, ``(C, f, 2)``."""
    nodal = (space.averaging @ values) / space.lumped[:, None]
    return np.stack([d @ nodal for d in space.derivative], axis=2)


class _Gauges:
    """Surface elevation at fixed places: P1 interpolation of cell means averaged to the vertices around."""

    def __init__(self, mesh: Mesh, bed: Floats, cells: np.ndarray, corners: Floats) -> None:
        areas, bed_at = np.abs(mesh.volumes), bed
        vertices = mesh.cells[cells]
        touching = [[np.flatnonzero((mesh.cells == v).any(axis=1)) for v in row] for row in vertices]
        self._parts = [
            [(w, around, areas[around] / areas[around].sum()) for w, around in zip(row, near, strict=True)]
            for row, near in zip(corners, touching, strict=True)
        ]
        self._bed = bed_at

    def __call__(self, state: Floats) -> list[float]:
        surface = state[:, 0] + self._bed
        return [float(sum(w * (surface[around] @ share) for w, around, share in parts)) for parts in self._parts]


def _centres(mesh: Mesh) -> Floats:
    found: Floats = mesh.points[mesh.cells].mean(axis=1)
    return found


def _edges(mesh: Mesh) -> tuple[np.ndarray, np.ndarray, np.ndarray, Floats, Floats]:
    cell, opposite = np.nonzero(mesh.neighbours >= -1)
    other = mesh.neighbours[cell, opposite]
    once = (other < 0) | (cell < other)
    cell, opposite, other = cell[once], opposite[once], other[once]
    heads, tails = (mesh.points[mesh.cells[cell, (opposite + k) % 3]] for k in (2, 1))
    normals = np.stack([heads[:, 1] - tails[:, 1], tails[:, 0] - heads[:, 0]], axis=1)
    return cell, np.where(other < 0, cell, other), other < 0, normals, (heads + tails) / 2
