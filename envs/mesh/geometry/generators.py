"""Meshes by name: smoothed Delaunay triangulations of outlines, gmsh's where asked for, and structured meshes.

The triangulations come close to frontal-Delaunay quality: a hexagonal pattern inside, equally spaced boundary vertices,
and a few rounds of smoothing, each followed by a new Delaunay triangulation (after Persson and Strang, 2004, DistMesh).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from scipy.spatial import Delaunay

from simplatform.envs.mesh.geometry.mesh import Floats, Ints, Mesh
from simplatform.envs.mesh.geometry.outlines import OUTLINES, Loop
from simplatform.envs.mesh.geometry.validity import oriented
from simplatform.errors import DataError, UnknownName

HEXAGONAL = np.sqrt(3) / 2


def polygon(loops: Sequence[Loop], h: float, *, seed: int = 0, rounds: int = 12, jitter: float = 0.15) -> Mesh:
    """Triangulate the inside of closed polygons (even-odd rule: later loops can be holes) with edges of about ``h``.

    ``jitter`` shakes the hexagonal pattern by a fraction of h before smoothing, so that meshes of different seeds
    differ.

    Raises:
        DataError: ``h`` is too large to place a vertex inside, or the boundary cannot be respected.
    """
    border = np.concatenate([_subdivide(np.asarray(loop, float), h) for loop in loops])
    inside = _hexagonal(loops, h, np.random.default_rng(seed), jitter)
    points = np.concatenate([border, inside])
    for _ in range(rounds):
        points[len(border) :] = _smooth(points, _triangulate(points, loops), len(border))
    mesh = Mesh(points, _triangulate(points, loops))
    _check_border(mesh, len(border), h)
    return oriented(mesh)


def square(n: int, *, seed: int = 0) -> Mesh:
    """Triangulate the unit square with n vertices per side and about n² in all."""
    return generate("square", n, seed)


def structured_square(n: int) -> Mesh:
    """Return n × n squares, each cut along one diagonal: ``(n + 1)²`` vertices in rows."""
    x = np.linspace(0, 1, n + 1)
    points = np.stack(np.meshgrid(x, x), axis=-1).reshape(-1, 2)
    first = (np.arange(n)[:, None] * (n + 1) + np.arange(n)).ravel()
    m = n + 1
    lower = np.stack([first, first + 1, first + m + 1], axis=1)
    upper = np.stack([first, first + m + 1, first + m], axis=1)
    return Mesh(points, np.stack([lower, upper], axis=1).reshape(-1, 3))


def quads(n: int) -> Mesh:
    """Return the unit square as n × n quadrilaterals."""
    x = np.linspace(0, 1, n + 1)
    points = np.stack(np.meshgrid(x, x), axis=-1).reshape(-1, 2)
    first = (np.arange(n)[:, None] * (n + 1) + np.arange(n)).ravel()
    return Mesh(points, np.stack([first, first + 1, first + n + 2, first + n + 1], axis=1), "quad")


def interval(n: int) -> Mesh:
    """Return the unit interval as n cells."""
    first = np.arange(n)
    return Mesh(np.linspace(0, 1, n + 1)[:, None], np.stack([first, first + 1], axis=1), "line")


def cube(n: int) -> Mesh:
    """Return the unit cube as n³ cubes of six tetrahedra each (Kuhn's subdivision)."""
    x = np.linspace(0, 1, n + 1)
    points = np.stack(np.meshgrid(x, x, x, indexing="ij"), axis=-1).reshape(-1, 3)
    strides = np.array([(n + 1) ** 2, n + 1, 1])
    first = (np.stack(np.meshgrid(*3 * [np.arange(n)], indexing="ij"), axis=-1).reshape(-1, 3) * strides).sum(axis=1)
    paths = [[0, strides[a], strides[a] + strides[b], strides.sum()] for a in range(3) for b in range(3) if a != b]
    return oriented(Mesh(points, np.concatenate([first[:, None] + np.asarray(path) for path in paths]), "tetra"))


def cylinder(n: int, *, seed: int = 0) -> Mesh:
    """Mesh the channel with a cylinder of the flow benchmark by gmsh, about n vertices across; ``seed`` is not used.

    Raises:
        MissingDependency: gmsh is not installed.
    """
    from simplatform.envs.mesh.geometry.gmsh_geometries import channel_with_cylinder

    return channel_with_cylinder(0.41 / (n - 1))


def uniform_cylinder(n: int, *, seed: int = 0) -> Mesh:
    """Mesh the same channel with edges of one length, as one would who leaves the rest to a mover.

    Raises:
        MissingDependency: gmsh is not installed.
    """
    from simplatform.envs.mesh.geometry.gmsh_geometries import channel_with_cylinder

    return channel_with_cylinder(0.41 / (n - 1), graded=False)


def _structured(make: Callable[[int], Mesh]) -> Callable[..., Mesh]:
    """Return a structured mesh as a geometry: n vertices across; ``seed`` is not used."""
    return lambda n, *, seed=0: make(n - 1)


OTHERS: dict[str, Callable[..., Mesh]] = {
    "cylinder": cylinder,
    "uniform-cylinder": uniform_cylinder,
    "interval": _structured(interval),
    "quads": _structured(quads),
    "cube": _structured(cube),
}
"""Geometries that are not outlines to triangulate: each a function of (n, seed)."""

GEOMETRIES = (*OUTLINES, *OTHERS)
"""Names of geometries."""
MESHERS = ("delaunay", "gmsh")
"""Ways to triangulate an outline: ours, or gmsh's frontal-Delaunay, which the UM2N paper used."""


def generate(geometry: str, n: int, seed: int = 0, mesher: str = "delaunay") -> Mesh:
    """Return the mesh of a named geometry with about n vertices across.

    ``mesher`` triangulates outlines; the channel with a cylinder is always gmsh's, structured meshes are nobody's.

    Raises:
        UnknownName: no such geometry or mesher; near names are suggested.
        DataError: n < 4.
        MissingDependency: gmsh is wanted and not installed.
    """
    for kind, name, known in (("geometry", geometry, GEOMETRIES), ("mesher", mesher, MESHERS)):
        if name not in known:
            raise UnknownName(kind, name, known)
    if n < 4:
        raise DataError(f"a mesh needs n >= 4 vertices across, got {n}")
    if geometry in OTHERS:
        return OTHERS[geometry](n, seed=seed)
    outline = OUTLINES[geometry](n, seed)
    if mesher == "delaunay":
        return polygon(outline.loops, outline.h, seed=seed)
    from simplatform.envs.mesh.geometry import gmsh_geometries

    return gmsh_geometries.polygon(outline.loops, outline.h, seed=seed)


def inside_polygon(points: Floats, loops: Sequence[Loop]) -> np.ndarray:
    """Return whether points ``(N, 2)`` lie inside, by the even-odd rule."""
    crossings = np.zeros(len(points), int)
    for loop in loops:
        for (x0, y0), (x1, y1) in zip(loop, np.roll(loop, -1, axis=0), strict=True):
            if y0 != y1:
                at = x0 + (points[:, 1] - y0) * (x1 - x0) / (y1 - y0)
                crossings += ((y0 > points[:, 1]) != (y1 > points[:, 1])) & (points[:, 0] < at)
    found: np.ndarray = crossings % 2 == 1
    return found


def _subdivide(loop: Loop, h: float) -> Floats:
    parts = []
    for a, b in zip(loop, np.roll(loop, -1, axis=0), strict=True):
        pieces = max(1, round(float(np.linalg.norm(b - a)) / h))
        parts.append(a + (b - a) * (np.arange(pieces) / pieces)[:, None])
    return np.concatenate(parts)


def _hexagonal(loops: Sequence[Loop], h: float, rng: np.random.Generator, jitter: float) -> Floats:
    every = np.concatenate(list(loops))
    low, high = every.min(axis=0), every.max(axis=0)
    spacing = h / np.sqrt(HEXAGONAL)
    rows = np.arange(low[1] + spacing * HEXAGONAL / 2, high[1], spacing * HEXAGONAL)
    columns = np.arange(low[0], high[0], spacing)
    grid = np.stack(np.meshgrid(columns, rows), axis=-1)
    grid[1::2, :, 0] += spacing / 2
    points = grid.reshape(-1, 2) + jitter * h * rng.uniform(-1, 1, (grid.size // 2, 2))
    kept = points[inside_polygon(points, loops) & (_distance(points, loops) > 0.6 * h)]
    if not len(kept):
        raise DataError(f"no vertex fits inside the polygon at edge length {h:g}: choose a smaller one")
    return kept


def _distance(points: Floats, loops: Sequence[Loop]) -> Floats:
    best = np.full(len(points), np.inf)
    for loop in loops:
        for a, b in zip(loop, np.roll(loop, -1, axis=0), strict=True):
            t = np.clip((points - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1)
            best = np.minimum(best, np.linalg.norm(points - a - t[:, None] * (b - a), axis=1))
    return best


def _triangulate(points: Floats, loops: Sequence[Loop]) -> Ints:
    cells = Delaunay(points).simplices.astype(np.int64)
    centres = points[cells].mean(axis=1)
    edges = points[cells[:, 1:]] - points[cells[:, :1]]
    areas = np.abs(np.linalg.det(edges)) / 2
    indices: Ints = cells[inside_polygon(centres, loops) & (areas > 1e-3 * np.median(areas))]
    return indices


def _smooth(points: Floats, cells: Ints, fixed: int) -> Floats:
    """Move interior vertices to the area-weighted mean of the centroids around them."""
    corners = points[cells]
    edges = corners[:, 1:] - corners[:, :1]
    areas = np.abs(np.linalg.det(edges)) / 2
    weighted = (corners.mean(axis=1) * areas[:, None]).repeat(3, axis=0)
    total = np.stack([np.bincount(cells.ravel(), weighted[:, k], len(points)) for k in range(2)], axis=1)
    weight = np.bincount(cells.ravel(), areas.repeat(3), len(points))
    return (total / np.maximum(weight, np.finfo(float).tiny)[:, None])[fixed:]


def _check_border(mesh: Mesh, border: int, h: float) -> None:
    found = int(mesh.boundary.sum())
    if found != border or mesh.boundary[border:].any():
        raise DataError(
            f"the triangulation has {found} boundary vertices where the polygon has {border}: its features are finer "
            f"than the edge length {h:g}; choose a smaller one"
        )
