"""A move that makes nothing worse: how even a mesh is under a monitor, how its cells are, and the step that fits."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from simplatform.envs.mesh.geometry.location import interpolant
from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.geometry.quality import quality
from simplatform.envs.mesh.monitors.energy import Energy
from simplatform.envs.mesh.monitors.measures import fit
from simplatform.envs.mesh.monitors.tensors import curvature_of

KEPT = 0.5
"""Share of the worst cell's quality that a move must keep."""
SHARES = (1.0, 0.7, 0.5, 0.35, 0.25, 0.125)


@dataclass(frozen=True)
class State:
    """What is said of a mesh: how uneven it is, worst and mean quality of its cells, the smallest angle in rad.

    Under a metric also its ``energy``, which the interpolation error goes with, in units of that before the move, and
    ``alignment``: 1 where all cells are equilateral in the metric, larger for the worst of others.
    """

    unevenness: float
    worst: float
    mean: float
    angle: float
    energy: float = math.nan
    alignment: float = math.nan


@dataclass(frozen=True)
class Improved:
    """A displacement ``(V, d)``, the share of the wanted one that it is, and the mesh before and after."""

    displacement: Floats
    share: float
    before: State
    after: State

    @property
    def made(self) -> bool:
        """Whether there is a move at all."""
        return self.share > 0


def improved(
    mesh: Mesh, monitor: Floats, displacement: Floats, *, force: bool = False, metric: Floats | None = None
) -> Improved:
    """Return the largest share of a displacement that makes the mesh more even and keeps half of its worst quality.

    Under a ``metric (V, d, d)``: one that makes its energy smaller and keeps half of the worst quality in the metric,
    where cells that are long in the right direction are good ones. There is none where nothing does; ``force`` takes
    all of it whatever it does.
    """
    tell = _by_density(mesh, monitor) if metric is None or mesh.kind == "quad" else _by_metric(mesh, monitor, metric)
    before = tell(mesh)
    for share in (1.0,) if force else SHARES:
        moved = mesh.moved(mesh.points + share * displacement)
        after = tell(moved)
        if force or _better(before, after):
            return Improved(share * displacement, share, before, after)
    return Improved(0.0 * displacement, 0.0, before, before)


def _better(before: State, after: State) -> bool:
    if math.isnan(before.energy):
        return after.unevenness < before.unevenness and after.worst >= KEPT * before.worst
    return after.energy < before.energy and after.alignment * KEPT <= before.alignment


def _by_density(mesh: Mesh, monitor: Floats) -> Callable[[Mesh], State]:
    known = interpolant(mesh, monitor)
    return lambda moved: state(moved, monitor if moved is mesh else known(moved.points))


def _by_metric(mesh: Mesh, monitor: Floats, metric: Floats) -> Callable[[Mesh], State]:
    """Return what tells the state of the mesh's own and other places under a metric."""
    by_density, known = _by_density(mesh, monitor), interpolant(mesh, metric)
    energy = Energy(mesh, curvature_of(metric))
    unit = energy.value(mesh.points)

    def tell(moved: Mesh) -> State:
        here = fit(moved, metric if moved is mesh else known(moved.points))
        return replace(
            by_density(moved),
            unevenness=here.unevenness,
            energy=energy.value(moved.points) / unit,
            alignment=here.worst,
        )

    return tell


def state(mesh: Mesh, monitor: Floats) -> State:
    """Measure a mesh under nodal monitor values ``(V,)``.

    Unevenness is the standard deviation of the monitor's integral over cells, in units of its mean: 0 where it is the
    same in all (equidistribution: de Boor, 1973).
    """
    mass = monitor[mesh.cells].mean(1) * np.abs(mesh.volumes)
    shapes = quality(mesh)
    return State(float(mass.std() / mass.mean()), float(shapes.min()), float(shapes.mean()), smallest_angle(mesh))


def smallest_angle(mesh: Mesh) -> float:
    """Return the smallest angle between two edges at a corner of a cell, rad."""
    if mesh.dim == 1:
        return float("nan")
    corners = mesh.points[mesh.cells]
    count, smallest = corners.shape[1], np.inf
    for corner in range(count):
        if mesh.kind == "quad":
            others = [(corner + 1) % count, (corner - 1) % count]
        else:
            others = [k for k in range(count) if k != corner]
        rays = [corners[:, k] - corners[:, corner] for k in others]
        rays = [ray / np.linalg.norm(ray, axis=1, keepdims=True) for ray in rays]
        for i in range(len(rays)):
            for j in range(i):
                cosine = np.clip((rays[i] * rays[j]).sum(1), -1, 1)
                smallest = min(smallest, float(np.arccos(cosine).min()))
    return smallest
