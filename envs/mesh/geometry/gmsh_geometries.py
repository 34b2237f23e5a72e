"""Meshes by gmsh (frontal-Delaunay, the generator of the UM2N paper), where it is installed: any outline, and a channel
with a cylinder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.geometry.validity import check_mesh, oriented
from simplatform.errors import MissingDependency

FRONTAL = 6


def polygon(loops: Sequence[Floats], h: float, *, seed: int = 0, algorithm: int = FRONTAL) -> Mesh:
    """Triangulate the inside of closed polygons ``(K, 2)`` (the first outside, others holes), edges of about ``h`` m.

    ``seed`` is that of gmsh's own small random shifts, which decide ties.
    """

    def build(g: Any) -> None:
        g.option.setNumber("Mesh.RandomSeed", seed + 1)
        curves = [_curve(g, np.asarray(loop, float), h) for loop in loops]
        g.model.geo.addPlaneSurface(curves)
        g.model.geo.synchronize()

    return _generate(build, h, algorithm)


def _curve(g: Any, loop: Floats, h: float) -> int:
    """Add a closed polygon whose sides are cut into equal pieces of length nearest to h."""
    kernel, ends = g.model.geo, np.roll(loop, -1, axis=0)
    corners = [kernel.addPoint(x, y, 0) for x, y in loop]
    sides = [kernel.addLine(a, b) for a, b in zip(corners, [*corners[1:], corners[0]], strict=True)]
    for side, length in zip(sides, np.linalg.norm(ends - loop, axis=1), strict=True):
        kernel.mesh.setTransfiniteCurve(side, max(1, round(length / h)) + 1)
    return int(kernel.addCurveLoop(sides))


def channel_with_cylinder(h: float, algorithm: int = FRONTAL, *, graded: bool = True) -> Mesh:
    """Return the channel [0, 2.2] × [0, 0.41] m around a cylinder of radius 0.05 m at (0.2, 0.2) m.

    The benchmark geometry of Schäfer and Turek (1996). Edges are about ``h`` m far away, and h/4 on the cylinder where
    ``graded``.
    """

    def build(g: Any) -> None:
        channel = g.model.occ.addRectangle(0, 0, 0, 2.2, 0.41)
        cylinder = g.model.occ.addDisk(0.2, 0.2, 0, 0.05, 0.05)
        g.model.occ.cut([(2, channel)], [(2, cylinder)])

    return _generate(build, h, algorithm, near=(0.2, 0.2, 0.05) if graded else None)


def _generate(
    build: Callable[[Any], Any], h: float, algorithm: int, near: tuple[float, float, float] | None = None
) -> Mesh:
    with _session() as gmsh:
        build(gmsh)
        gmsh.model.occ.synchronize()
        gmsh.option.setNumber("Mesh.Algorithm", algorithm)
        gmsh.option.setNumber("Mesh.MeshSizeMax", h)
        gmsh.option.setNumber("Mesh.MeshSizeMin", h / 4 if near else h)
        if near is not None:
            _grade(gmsh, h, *near)
        gmsh.model.mesh.generate(2)
        return _read(gmsh)


def _grade(gmsh: Any, h: float, x: float, y: float, radius: float) -> None:
    """Make edges grow from h/4 on the cylinder to h at three diameters."""
    field = gmsh.model.mesh.field
    distance = f"(Sqrt((x-{x})^2+(y-{y})^2)-{radius})"
    number = field.add("MathEval")
    field.setString(number, "F", f"{h / 4}+{0.75 * h}*{distance}/{6 * radius}")
    field.setAsBackgroundMesh(number)
    gmsh.option.setNumber("Mesh.MeshSizeExtendFromBoundary", 0)


def _read(gmsh: Any) -> Mesh:
    tags, coordinates, _ = gmsh.model.mesh.getNodes()
    _, nodes = gmsh.model.mesh.getElementsByType(2)
    used = np.unique(nodes)
    order = np.argsort(tags)
    rows = order[np.searchsorted(tags[order], used)]
    points = coordinates.reshape(-1, 3)[rows, :2]
    return check_mesh(oriented(Mesh(points, np.searchsorted(used, nodes).reshape(-1, 3))))


@contextmanager
def _session() -> Iterator[Any]:
    try:
        import gmsh
    except (ImportError, OSError) as error:
        raise MissingDependency(
            f"this geometry needs gmsh and its system libraries ({error}): pip install 'simplatform[mesh]', and on "
            "Debian apt install libglu1-mesa libxcursor1 libxinerama1"
        ) from error
    gmsh.initialize(interruptible=False)
    try:
        gmsh.option.setNumber("General.Terminal", 0)
        yield gmsh
    finally:
        gmsh.finalize()
