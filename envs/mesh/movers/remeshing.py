"""Remeshing by MMG: what a practitioner would do instead of moving vertices, at no more vertices than before.

Dapogny, Dobrzynski & Frey (2014), J. Comput. Phys. 262, 358-378; called through ``mmgpy``. A metric says at each
vertex how long edges should be and in which direction; that of the Hessian of a solution makes the interpolation error
smallest for a number of vertices (Loseille & Alauzet, 2011, SIAM J. Numer. Anal. 49, 38-60).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.monitors.recovery import Recovery
from simplatform.envs.mesh.monitors.tensors import full, metric_of, parts, positive, recomposed
from simplatform.errors import ConfigError, MissingDependency, SolverError

LONGEST, SHORTEST = 0.4, 0.003
"""Edges are kept between these, in units of the domain's extent."""
GRADATION = 2.0
"""Largest ratio of neighbouring edges."""
TRIALS = 10
Found = TypeVar("Found")
LEAST = {2: 0.2, 3: 0.03}
"""Smallest complexity that is tried, in units of the vertices that are allowed, by dimension."""
PARTS = {2: 3, 3: 6}
"""Parts of a symmetric tensor by dimension."""


def hessian_metric(mesh: Mesh, solution: Floats) -> Floats:
    """Return the metric of a solution ``(V,)``: tensors xx, xy, yy (in 3-D xx, xy, xz, yy, yz, zz) in 1/m², ``(V, …)``.

    Its scale means nothing: ``remeshed_within`` finds the one that fits a number of vertices.
    """
    recovered = full(Recovery(mesh).hessian(np.asarray(solution, float)), mesh.dim)
    return parts(metric_of(positive(recovered)))


def remeshed_within(mesh: Mesh, metric: Floats, most: int) -> Mesh:
    """Return the finest mesh by a metric that has at most ``most`` vertices.

    The metric's scale is found by bisection; MMG's own corners and boundary hold.

    Raises:
        SolverError: no scale gives a mesh with so few vertices.
        MissingDependency: ``mmgpy`` is not installed.
    """
    return searched(lambda c: remesh(mesh, with_complexity(mesh, metric, c)), most, _size, mesh.dim)


def _size(mesh: Mesh) -> int:
    return len(mesh.points)


def searched(make: Callable[[float], Found], most: int, size: Callable[[Found], int], dim: int) -> Found:
    """Return the largest of what ``make`` gives for complexities up to 3 times ``most`` that is no larger than that.

    Raises:
        SolverError: none is so small.
    """
    low, high, best = np.log(LEAST[dim] * most), np.log(3.0 * most), None
    for _ in range(TRIALS):
        middle = (low + high) / 2
        trial = make(float(np.exp(middle)))
        if size(trial) > most:
            high = middle
        else:
            low = middle
            best = trial if best is None or size(trial) > size(best) else best
            if size(trial) >= 0.99 * most:
                break
    if best is None:
        raise SolverError(f"no metric of this shape gives a mesh of {most} vertices or fewer; allow more")
    return best


def with_complexity(mesh: Mesh, metric: Floats, complexity: float) -> Floats:
    """Return a metric scaled so that the integral of √det is ``complexity``: about as many vertices; edges bounded."""
    values, vectors = np.linalg.eigh(full(np.asarray(metric, float), mesh.dim))
    if not (values > 0).all():
        raise SolverError(
            f"a metric must be positive definite at every vertex, not so at {int(np.argmin(values.min(1)))}"
        )
    density = np.sqrt(np.prod(values, -1))[mesh.cells].mean(1)
    total = float((density * np.abs(mesh.volumes)).sum())
    extent = float((mesh.bounds[1] - mesh.bounds[0]).max())
    scaled = np.clip(
        values * (complexity / total) ** (2 / mesh.dim), (LONGEST * extent) ** -2, (SHORTEST * extent) ** -2
    )
    return parts(recomposed(scaled, vectors))


def remesh(mesh: Mesh, metric: Floats) -> Mesh:
    """Return MMG's mesh for a metric of edges of length 1.

    Raises:
        ConfigError: neither triangles nor tetrahedra.
        SolverError: MMG gave up.
        MissingDependency: ``mmgpy`` is not installed.
    """
    mmg = mmg_module()
    if mesh.kind not in ("triangle", "tetra"):
        raise ConfigError(f"MMG remeshes triangles and tetrahedra, not {mesh.kind} meshes")
    cells = np.ascontiguousarray(mesh.cells, np.int32)
    build = mmg.MmgMesh2D if mesh.kind == "triangle" else mmg.MmgMesh3D
    try:
        worker = build(np.ascontiguousarray(mesh.points), cells)
        worker.set_field("tensor", np.ascontiguousarray(metric, float))
        worker.remesh(verbose=-1, hgrad=GRADATION)
        found = worker.get_triangles() if mesh.kind == "triangle" else worker.get_tetrahedra()
        return _used(np.asarray(worker.get_vertices(), float), np.asarray(found, np.int64), mesh.kind)
    except RuntimeError as error:
        raise SolverError(f"MMG could not remesh: {error}") from error


def _used(points: Floats, cells: Any, kind: str) -> Mesh:
    """Return a mesh without the vertices that no cell uses."""
    kept, renumbered = np.unique(cells, return_inverse=True)
    return Mesh(points[kept], renumbered.reshape(cells.shape), kind)


def mmg_module() -> Any:
    """Import mmgpy.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        import mmgpy
    except ImportError as error:
        raise MissingDependency(f"remeshing needs mmgpy ({error}): pip install 'simplatform[mesh]'") from error
    return mmgpy
