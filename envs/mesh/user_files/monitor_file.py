"""A monitor from a file: nodal, cell or vector fields, series in time; matched to the mesh by position."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from scipy.spatial import cKDTree

from simplatform.budgets import regular
from simplatform.envs.mesh.geometry.files import OWN, cell_kind, checked, meshio_module, numbers, open_mesh
from simplatform.envs.mesh.geometry.mesh import Floats
from simplatform.envs.mesh.geometry.validity import check_monitor
from simplatform.envs.mesh.user_files.mesh_file import MeshFile
from simplatform.errors import DataError, UsageError
from simplatform.runs.files import reading

NEAR = 1e-6
"""How far a vertex of the monitor's file may be from that of the mesh, in units of the mesh's extent."""
NUMBERS = (".npy", ".txt", ".csv")


def read_monitor_for(
    path: Path, file: MeshFile, field: str | None = None, component: str | None = None, time: float | None = None
) -> Floats:
    """Return what ``read_field_for`` does, of a field that can be a monitor.

    Raises:
        DataError: it cannot (see ``check_monitor``), or as there.
        UsageError: as there.
    """
    return check_monitor(read_field_for(path, file, field, component, time), file.mesh)


def read_field_for(
    path: Path, file: MeshFile, field: str | None = None, component: str | None = None, time: float | None = None
) -> Floats:
    """Return a field's values ``(V,)`` at the vertices of a file's movable mesh.

    A file of numbers holds one for each point of the file, or one for each vertex that moves, in that order. Fields of
    mesh files are matched by position; those of cells become the mean over the cells around a vertex, weighted by their
    sizes; of vectors, ``component`` is one by its number from 0, or "norm".

    Raises:
        DataError: no such field, another number of values, or points that are not the mesh's: the distance is told.
        UsageError: several fields, components or times and none chosen; they are listed.
    """
    if path.suffix.lower() in NUMBERS:
        return _of_numbers(path, file)
    points, point_data, cell_data, data = _fields(path, time)
    fields = {**point_data, **cell_data}
    if not fields:
        raise DataError(f"{path} has no point data and no cell data: a monitor is one value per vertex or cell")
    if field is None and len(fields) > 1:
        raise UsageError(f"{path} has several fields: choose one with --field ({', '.join(fields)})")
    name = next(iter(fields)) if field is None else field
    if name not in fields:
        raise DataError(f"{path} has no field {name!r}; it has {', '.join(fields)}")
    with reading(f"{path} does not hold numbers in {name!r}"):
        values = _scalar(np.asarray(fields[name], float), component, name)
        if name not in point_data:
            values = _to_vertices(data, path, values)
    return _matched(points, values, file, path)


def _of_numbers(path: Path, file: MeshFile) -> Floats:
    found = numbers(path).ravel()
    whole, moving = len(file.data.points), len(file.used)
    if len(found) not in (whole, moving):
        wanted = (
            f"{whole}" if whole == moving else f"{whole} (all points of the mesh) or {moving} (those that cells use)"
        )
        raise DataError(f"{path} holds {len(found)} numbers; expected {wanted}")
    return found[file.used] if len(found) == whole else found


def _fields(path: Path, time: float | None) -> tuple[Floats, Mapping[str, Any], Mapping[str, Any], Any]:
    """Return points, nodal fields, fields of cells (joined over those of the highest dimension) and the data."""
    if path.suffix.lower() in (".xdmf", ".xmf") and _is_series(path):
        return _of_series(path, time)
    data = open_mesh(path)
    kind = cell_kind(data, path)
    cells = {
        key: np.concatenate([v for v, block in zip(values, data.cells, strict=True) if block.type == kind])
        for key, values in data.cell_data.items()
        if not key.startswith((OWN, "medit"))
    }
    nodal = {key: value for key, value in data.point_data.items() if not key.startswith(OWN)}
    return np.asarray(data.points, float), nodal, cells, data


def _is_series(path: Path) -> bool:
    with reading(f"{path} cannot be read"), regular(path) as file:
        return b"CollectionType" in file.read(1 << 20)


def _of_series(path: Path, time: float | None) -> tuple[Floats, Mapping[str, Any], Mapping[str, Any], Any]:
    meshio = meshio_module()
    with (
        reading(f"{path} is not a series that meshio reads"),
        checked(path),
        meshio.xdmf.TimeSeriesReader(path) as series,
    ):
        points, cells = series.read_points_cells()
        steps = [series.read_data(k) for k in range(series.num_steps)]
    times = [float(step[0]) for step in steps]
    if time is None and len(times) > 1:
        raise UsageError(f"{path} is a series: choose a time with --time ({', '.join(f'{t:g}' for t in times)})")
    nearest = int(np.argmin([abs(t - (times[0] if time is None else time)) for t in times]))
    if time is not None and abs(times[nearest] - time) > 1e-9 * max(abs(time), 1.0):
        raise DataError(f"{path} has no time {time:g}; it has {', '.join(f'{t:g}' for t in times)}")
    _, nodal, by_cell = steps[nearest]
    joined = {key: np.concatenate(values) for key, values in by_cell.items()}
    return np.asarray(points, float), nodal, joined, meshio.Mesh(points, cells)


def _scalar(values: Floats, component: str | None, name: str) -> Floats:
    values = values.squeeze()
    if values.ndim == 1:
        return values
    flat = values.reshape(len(values), -1)
    if component == "norm":
        return np.asarray(np.linalg.norm(flat, axis=1), float)
    if component is None or not component.isdigit() or int(component) >= flat.shape[1]:
        raise UsageError(
            f"{name!r} has {flat.shape[1]} components: choose one with --component (0 to {flat.shape[1] - 1}, or norm)"
        )
    return flat[:, int(component)]


def _to_vertices(data: Any, path: Path, values: Floats) -> Floats:
    """Return the mean over the cells around each point, weighted by their sizes; 0 where there is none."""
    kind = cell_kind(data, path)
    cells = np.concatenate([block.data for block in data.cells if block.type == kind]).astype(np.int64)
    if len(cells) != len(values):
        raise DataError(f"{path} holds {len(values)} values for {len(cells)} cells")
    corners = np.asarray(data.points, float)[cells]
    edges = corners[:, 1:] - corners[:, :1]
    sizes = (
        np.sqrt(np.maximum(np.linalg.det(edges @ np.swapaxes(edges, 1, 2)), 0)) if kind != "quad" else _quads(corners)
    )
    count = cells.shape[1]
    weight, total = np.zeros(len(data.points)), np.zeros(len(data.points))
    np.add.at(weight, cells.ravel(), np.repeat(sizes, count))
    np.add.at(total, cells.ravel(), np.repeat(sizes * values, count))
    return total / np.where(weight > 0, weight, 1.0)


def _quads(corners: Floats) -> Floats:
    """Return the areas of quadrilaterals ``(C, 4, d)`` from their diagonals."""
    across = np.zeros((2, len(corners), 3))
    across[0, :, : corners.shape[2]] = corners[:, 2] - corners[:, 0]
    across[1, :, : corners.shape[2]] = corners[:, 3] - corners[:, 1]
    return np.asarray(0.5 * np.linalg.norm(np.cross(across[0], across[1]), axis=1), float)


def _matched(points: Floats, values: Floats, file: MeshFile, path: Path) -> Floats:
    """Return values at the movable vertices, by position.

    Raises:
        DataError: a vertex of the mesh has none near it.
    """
    wanted = np.asarray(file.data.points, float)[file.used]
    width = max(points.shape[1], wanted.shape[1])
    theirs, ours = (np.pad(x, ((0, 0), (0, width - x.shape[1]))) for x in (points, wanted))
    if len(values) != len(theirs):
        raise DataError(f"{path} holds {len(values)} values for {len(theirs)} points")
    somewhere = np.isfinite(theirs).all(axis=1)  # points that no cell uses may be anywhere
    if not somewhere.any():
        raise DataError(f"{path} has no point with finite coordinates")
    distance, nearest = cKDTree(theirs[somewhere]).query(ours)
    extent = float(np.ptp(ours, axis=0).max())
    if distance.max() > NEAR * extent:
        worst = int(np.argmax(distance))
        raise DataError(
            f"{path} is not on this mesh: its nearest point to vertex {worst} is {distance.max():.3g} away; "
            "interpolate the monitor to the mesh's vertices first"
        )
    found: Floats = values[somewhere][nearest]
    return found
