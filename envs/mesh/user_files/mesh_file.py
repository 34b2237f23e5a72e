"""A mesh file as a whole: what can be moved in it, and all the rest, which comes back as it was."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from simplatform.envs.mesh.geometry.files import cell_kind, check_points, open_mesh, write_data
from simplatform.envs.mesh.geometry.mesh import KINDS, Floats, Ints, Mesh
from simplatform.envs.mesh.geometry.validity import check_mesh, oriented
from simplatform.envs.mesh.user_files.msh import is_msh, patched
from simplatform.errors import DataError
from simplatform.runs.files import reading, write_bytes

PLANE = 1e-10
"""How far points may lie off a plane, in units of the mesh's extent."""


@dataclass(frozen=True)
class MeshFile:
    """A file with its movable mesh.

    ``mesh`` has the vertices that cells of the highest dimension use, ``used`` their numbers in the file, in
    coordinates of its own line, plane or space, whose axes are the rows of ``axes (d, 3)``. ``data`` is all that meshio
    read.
    """

    path: Path
    data: Any
    mesh: Mesh
    used: Ints
    axes: Floats

    @classmethod
    def read(cls, path: Path) -> MeshFile:
        """Read a file.

        Raises:
            DataError: not readable, no cells that can be moved or several kinds of them, a surface that is not plane,
                or a fault of ``check_mesh``.
        """
        data = open_mesh(path)
        kind = cell_kind(data, path)
        with reading(f"{path} does not hold a table of points and one of cells"):
            points = _three(np.asarray(data.points, float))
            cells = np.concatenate([block.data for block in data.cells if block.type == kind]).astype(np.int64)
            if len(cells) and (cells.min() < 0 or cells.max() >= len(points)):
                raise DataError(f"{path}: a cell names vertex {int(cells.max())}, but there are {len(points)}")
            used, renumbered = np.unique(cells, return_inverse=True)
            flat, axes = flattened(points[used], KINDS[kind][0], path)
        return cls(path, data, check_mesh(oriented(Mesh(flat, renumbered.reshape(cells.shape), kind))), used, axes)

    def write(self, path: Path, displacement: Floats, fields: dict[str, Floats] | None = None) -> None:
        """Write the file with its vertices moved by ``displacement (V, d)``.

        A ``.msh`` that stays one is the same file to the byte but for the coordinates. Other formats, and a change of
        format, hold what meshio can write of it, and ``fields`` ``(V, …)`` beside.

        Raises:
            DataError: no such folder, no format of that suffix, or one that cannot hold such cells.
            StorageError: the disk is full or read-only.
        """
        points = self.points(displacement)
        if is_msh(self.path) and path.suffix.lower() == ".msh":
            if not path.parent.is_dir():
                raise DataError(f"cannot write {path}: there is no folder {path.parent}")
            write_bytes(path, patched(self.path.read_bytes(), points))
            return
        data = copy.copy(self.data)
        data.points = points
        data.point_data = {
            **self.data.point_data,
            **{name: self._whole(value) for name, value in (fields or {}).items()},
        }
        write_data(path, data)

    def points(self, displacement: Floats) -> Floats:
        """Return all points of the file ``(N, 2 or 3)``, those that do not move to the bit."""
        points = np.array(self.data.points, float)
        points[self.used] += (displacement @ self.axes)[:, : points.shape[1]]
        return points

    def _whole(self, values: Floats) -> Floats:
        """Return a field at all points of the file; 0 where no cell is."""
        values = np.asarray(values, float)
        whole = np.zeros((len(self.data.points), *values.shape[1:]))
        whole[self.used] = values
        return whole


def _three(points: Floats) -> Floats:
    if points.ndim != 2 or points.shape[1] not in (1, 2, 3):
        raise DataError(f"points must be (N, 2) or (N, 3), got {points.shape}")
    found = np.zeros((len(points), 3))
    found[:, : points.shape[1]] = points
    return found


def flattened(points: Floats, dim: int, name: Path | str) -> tuple[Floats, Floats]:
    """Return coordinates ``(V, d)`` in the mesh's own line, plane or space, and its axes ``(d, 3)``.

    Where a coordinate is the same everywhere the others are taken as they are, so that nothing is rounded.

    Raises:
        DataError: the points lie in no line or plane, or nowhere.
    """
    check_points(points, name)
    spread = np.ptp(points, axis=0)
    extent = float(spread.max()) if len(points) else 0.0
    varying = np.flatnonzero(spread > PLANE * extent)
    if dim == 3 or len(varying) <= dim:
        chosen = np.sort(np.concatenate([varying, np.setdiff1d(np.arange(3), varying)])[:dim])
        return points[:, chosen], np.eye(3)[chosen]
    centre = points.mean(0)
    _, _, directions = np.linalg.svd(points - centre, full_matrices=False)
    off = np.abs((points - centre) @ directions[dim:].T).max()
    if off > PLANE * extent * 1e2:
        raise DataError(
            f"{name} is a curved surface: its cells are {dim}-dimensional, and its points lie up to {off:.3g} off a "
            f"{'line' if dim == 1 else 'plane'}"
        )
    axes = directions[:dim]
    return (points - centre) @ axes.T, axes
