"""A solution at the points of a grid as a VTU file, time being one more direction."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from simplatform.envs.meshfree.pde import Floats
from simplatform.errors import MissingDependency

KINDS = {1: "line", 2: "quad", 3: "hexahedron"}


def write_vtu(path: Path, points: Floats, shape: tuple[int, ...], fields: Mapping[str, Floats]) -> None:
    """Write fields ``(Q,)`` at ``points (Q, d)``, which are the points of a grid of ``shape`` in its order.

    Raises:
        MissingDependency: meshio is not installed.
    """
    try:
        import meshio
    except ImportError as error:
        raise MissingDependency("a VTU file needs meshio: pip install 'simplatform[mesh]'") from error
    places = np.zeros((len(points), 3))
    places[:, : points.shape[1]] = points
    data = {name: np.ascontiguousarray(values) for name, values in fields.items()}
    meshio.Mesh(places, [(KINDS[len(shape)], cells(shape))], point_data=data).write(path, file_format="vtu")


def cells(shape: tuple[int, ...]) -> np.ndarray:
    """Return the cells of a grid of points, corners in VTK's order."""
    number = np.arange(int(np.prod(shape))).reshape(shape)
    square = [(0, 0), (1, 0), (1, 1), (0, 1)]
    cube = [(*one, layer) for layer in (0, 1) for one in square]
    corners: dict[int, list[tuple[int, ...]]] = {1: [(0,), (1,)], 2: [*square], 3: [*cube]}
    order = corners[len(shape)]
    found = [number[tuple(slice(o, n - 1 + o) for o, n in zip(one, shape, strict=True))].ravel() for one in order]
    return np.stack(found, 1)
