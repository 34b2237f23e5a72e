"""Mesh files: whatever meshio reads, checked before use; results as VTU. Input files are opened for reading only."""

from __future__ import annotations

import io
import os
import re
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr
from pathlib import Path
from typing import Any

import numpy as np

from simplatform.budgets import memory_within, regular
from simplatform.envs.mesh.geometry.inside import check_inside, written_beside
from simplatform.envs.mesh.geometry.mesh import KINDS, Floats, Mesh
from simplatform.envs.mesh.geometry.unfinished import check_finished
from simplatform.envs.mesh.geometry.validity import check_mesh, oriented
from simplatform.errors import DataError, MissingDependency, SimplatformError
from simplatform.runs.arrays import read_npy
from simplatform.runs.files import reading, storage_errors

DIMENSIONS = {
    "vertex": 0,
    "line": 1,
    "triangle": 2,
    "quad": 2,
    "polygon": 2,
    "tetra": 3,
    "hexahedron": 3,
    "wedge": 3,
    "pyramid": 3,
    "polyhedron": 3,
}
"""Dimension of meshio's kinds of cells, without the number of vertices that ends the names of curved ones."""

OWN = "gmsh:"
"""What meshio notes about vertices of Gmsh's files begins with this; it is no field."""
FORMATS = {".msh": "gmsh"}
"""Formats of suffixes for which meshio would choose another one, here that of ANSYS."""


def read_mesh(path: Path) -> Mesh:
    """Read a mesh of triangles, quadrilaterals, tetrahedra or line segments.

    Wholly negative cells are renumbered; nothing else is changed.

    Raises:
        DataError: not readable, no such cells or several kinds of them, a surface that is not plane, curved cells, or a
            fault of ``check_mesh``.
    """
    data = open_mesh(path)
    kind = cell_kind(data, path)
    with reading(f"{path} does not hold a table of points and one of cells"):
        points = np.asarray(data.points, float)
        cells = np.concatenate([block.data for block in data.cells if block.type == kind]).astype(np.int64)
        flat = _flat(points, KINDS[kind][0], path)
    return check_mesh(oriented(Mesh(flat, cells, kind)))


def write_mesh(path: Path, mesh: Mesh, fields: Mapping[str, Floats] | None = None) -> None:
    """Write a mesh with nodal fields in the format of the file's suffix.

    Raises:
        DataError: no such folder, no format of that suffix, or one that cannot hold such cells.
        StorageError: the disk is full or read-only.
    """
    points = np.zeros((len(mesh.points), 3))
    points[:, : mesh.dim] = mesh.points
    data = {name: np.asarray(values) for name, values in (fields or {}).items()}
    write_data(path, meshio_module().Mesh(points, [(mesh.kind, mesh.cells)], point_data=data))


def write_data(path: Path, data: Any, form: str | None = None) -> None:
    """Write a mesh of meshio in the format of the file's suffix, or in ``form``, meshio's name of one.

    Raises:
        DataError: no such folder, no format of that suffix, or one that cannot hold such cells.
        StorageError: the disk is full or read-only.
    """
    if not path.parent.is_dir():
        raise DataError(f"cannot write {path}: there is no folder {path.parent}")
    try:
        with storage_errors(path), written_beside(path) as scratch:
            data.write(scratch, form or FORMATS.get(path.suffix))
    except (SimplatformError, OSError):
        raise
    except Exception as error:  # each of meshio's writers has failures of its own, and knows another name
        why = re.sub(rf"'?[^' ]*/{re.escape(path.name)}'?", path.name, f"{type(error).__name__} {error}")
        raise DataError(f"cannot write {path}: {why}; .vtu always works") from error


def open_mesh(path: Path) -> Any:
    """Return what meshio reads of a file.

    Raises:
        DataError: not there, or not a mesh that meshio reads.
    """
    if not path.exists():
        raise DataError(f"{path} does not exist")
    said = io.StringIO()
    try:
        with checked(path), warnings.catch_warnings(), redirect_stderr(said):
            warnings.simplefilter("ignore")  # what numpy thinks of a damaged header is no news beside the error
            return meshio_module().read(path)
    except SimplatformError:
        raise
    except SystemExit as error:  # some of meshio's readers end the program on a bad file
        why = " ".join(said.getvalue().split()) or "it gave no reason"
        raise DataError(f"{path} is not a mesh that meshio reads: {why}") from error
    except Exception as error:
        raise DataError(f"{path} is not a mesh that meshio reads: {type(error).__name__}: {error}") from error


@contextmanager
def checked(path: Path) -> Iterator[None]:
    """Let a mesh file of anyone be read: from its folder alone, whole, and within the memory that it may take.

    Raises:
        DataError: it may not; see ``check_inside``, ``check_finished`` and ``memory_within``.
        OSError: it is no regular file.
    """
    with regular(path) as opened:
        size = os.fstat(opened.fileno()).st_size
    with memory_within(str(path), size + check_inside(path, size)):
        check_finished(path, size)
        yield


def cell_kind(data: Any, path: Path) -> str:
    """Return the one kind of cells of the highest dimension; those of lower ones are its boundary.

    Raises:
        DataError: curved cells, several kinds, or none that can be moved.
    """
    found = {block.type for block in data.cells if len(block.data) and block.type != "vertex"}
    highest = max((_dimension(kind) for kind in found), default=0)
    top = sorted(kind for kind in found if _dimension(kind) == highest)
    listed = ", ".join(top) or "none"
    if any(kind not in KINDS and _base(kind) in KINDS for kind in top):
        raise DataError(f"{path} has curved cells ({listed}): save it with straight (first-order) cells")
    if len(top) > 1:
        raise DataError(f"{path} mixes cells of several kinds ({listed}): save it with one kind, such as triangles")
    if not top or top[0] not in KINDS:
        raise DataError(f"{path} has cells of kind {listed}; expected one of {', '.join(KINDS)}")
    text: str = top[0]
    return text


def _base(kind: str) -> str:
    return kind.rstrip("0123456789")


def _dimension(kind: str) -> int:
    return DIMENSIONS.get(_base(kind).removeprefix("VTK_LAGRANGE_").lower(), 3)


def _flat(points: Floats, dim: int, path: Path) -> Floats:
    check_points(points, path)
    extent = float(np.ptp(points, axis=0).max()) if len(points) else 0.0
    rest = points[:, dim:]
    if rest.size and float(np.ptp(rest, axis=0).max()) > 1e-10 * extent:
        raise DataError(f"{path} is a curved or tilted surface: its cells are {dim}-dimensional, its points are not")
    return points[:, :dim]


def check_points(points: Floats, name: Path | str) -> None:
    """Refuse points that are nowhere, in the coordinates too that a line or a plane does not need.

    Raises:
        DataError: one of them is not finite.
    """
    bad = np.flatnonzero(~np.isfinite(points).all(axis=1))
    if len(bad):
        raise DataError(
            f"{name}: coordinates are not finite at vertex {bad[0]}: repair the file "
            f"({points[bad[0]].tolist()}; {len(bad)} of {len(points)} vertices)"
        )


def numbers(path: Path) -> Floats:
    """Return the numbers of a ``.npy``, text or comma-separated file.

    Raises:
        DataError: it holds something else.
    """
    with reading(f"{path} does not hold one number per vertex"), regular(path) as opened:
        if path.suffix == ".npy":
            found = read_npy(opened, path)
            if found.dtype.kind not in "fiu":
                raise DataError(f"{path} holds {found.dtype}, expected real numbers")
            return found.astype(float)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it holds no number is said by who counts them
            return np.loadtxt(opened, delimiter="," if path.suffix == ".csv" else None, encoding="utf-8-sig")


def meshio_module() -> Any:
    """Return meshio.

    Raises:
        MissingDependency: it is not installed.
    """
    try:
        import meshio
    except ImportError as error:
        raise MissingDependency("mesh files need meshio: pip install 'simplatform[mesh]'") from error
    return meshio
