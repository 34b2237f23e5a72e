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
from simplatform.envs.mesh.monitors.measures import fit, skewness
from simplatform.envs.mesh.monitors.projection import RESOLVED, ProjectionError
from simplatform.envs.mesh.monitors.smooth import Smooth
from simplatform.envs.mesh.monitors.tensors import curvature_of

KEPT = 0.5
"""Share of the worst cell's quality that a move must keep."""
SKEWED = 8.0
"""Skewness that no cell comes to by a move under a metric: a triangle of quality 1/8, or as badly aligned."""
SHARES = (1.0, 0.7, 0.5, 0.35, 0.25, 0.125)


@dataclass(frozen=True)
class State:
    """What is said of a mesh: how uneven it is, worst and mean quality of its cells, the smallest angle in rad.

    Under a metric also its ``energy``, the square of the error that is expected, in units of that before the move: on
    triangles of the Ritz projection of a smooth function through the solution, where there is one; else of the
    interpolation that a Hessian of this metric means. And ``skewness``: 1 where every cell is equilateral in the metric
    or in space, larger for the worst of others.
    """

    unevenness: float
    worst: float
    mean: float
    angle: float
    energy: float = math.nan
    skewness: float = math.nan


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
    mesh: Mesh,
    monitor: Floats,
    displacement: Floats,
    *,
    force: bool = False,
    metric: Floats | None = None,
    solution: Floats | None = None,
) -> Improved:
    """Return the largest share of a displacement that makes the mesh more even and keeps half of its worst quality.

    Under a ``metric (V, d, d)``: one that makes its energy smaller and leaves no cell more than ``SKEWED``, or twice as
    skewed as the worst one was. A cell that is long in the right direction is a good one, and so is a round one where
    the metric would have it long. There is none where nothing does; ``force`` takes
    all of it whatever it does.
    """
    tell = (
        _by_density(mesh, monitor)
        if metric is None or mesh.kind == "quad"
        else _by_metric(mesh, monitor, metric, solution)
    )
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
    return after.energy < before.energy and after.skewness <= max(SKEWED, before.skewness / KEPT)


def _by_density(mesh: Mesh, monitor: Floats) -> Callable[[Mesh], State]:
    known = interpolant(mesh, monitor)
    return lambda moved: state(moved, monitor if moved is mesh else known(moved.points))


def _by_metric(mesh: Mesh, monitor: Floats, metric: Floats, solution: Floats | None) -> Callable[[Mesh], State]:
    """Return what tells the state of the mesh's own and other places under a metric."""
    by_density, known = _by_density(mesh, monitor), interpolant(mesh, metric)
    expected, flat = _expected(mesh, metric, solution), np.eye(mesh.dim)[None].repeat(len(mesh.cells), 0)
    unit = expected(mesh.points)

    def tell(moved: Mesh) -> State:
        here = fit(moved, metric if moved is mesh else known(moved.points))
        return replace(
            by_density(moved),
            unevenness=here.unevenness,
            energy=expected(moved.points) / unit,
            skewness=float(np.minimum(here.alignment, skewness(moved.points, moved, flat)).max()),
        )

    return tell


def _expected(mesh: Mesh, metric: Floats, solution: Floats | None) -> Callable[[Floats], float]:
    """Return the square of the error to expect with vertices at other places ``(V, d)``, up to a factor."""
    if solution is not None and mesh.kind == "triangle":
        smooth = Smooth(mesh, solution)
        error = ProjectionError(mesh, smooth)
        if smooth.misfit <= RESOLVED * error.error(mesh.points):
            return lambda points: error.error(points) ** 2
    return Energy(mesh, curvature_of(metric)).interpolation


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
