"""Mesh files of anyone: what they name stays in their folder, and a result takes its place in one step."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from simplatform.errors import DataError

HDF5 = b"\x89HDF\r\n\x1a\n"
_INCLUDE = re.compile(rb"<!DOCTYPE|<!ENTITY|xi:include|href\s*=", re.IGNORECASE)


def check_inside(path: Path, size: int) -> None:
    """Refuse a mesh file that takes its numbers from files outside its folder.

    An XDMF file names the files that hold its arrays, and HDF5 files have links: of a stranger's mesh, the bytes of any
    file of this machine could become coordinates.

    Raises:
        DataError: it does; what it names is shown.
    """
    if path.suffix.lower() in (".xdmf", ".xmf", ".vtu", ".vtk", ".xml", ".svg"):
        _check_markup(path)
    with path.open("rb") as file:
        if file.read(8) == HDF5:
            _check_hdf5(path, size)


def _check_markup(path: Path) -> None:
    text = path.read_bytes()
    if path.suffix.lower() != ".vtk" and _INCLUDE.search(text):
        raise DataError(f"{path} includes other files or defines entities; save it without")
    if path.suffix.lower() not in (".xdmf", ".xmf"):
        return
    for item in re.findall(rb"<DataItem([^>]*)>\s*([^<]{0,4096}?)\s*<", text, re.DOTALL | re.IGNORECASE):
        if re.search(rb"Format\s*=\s*[\"'](?:HDF|Binary)[\"']", item[0], re.IGNORECASE):
            _check_named(path, item[1].decode("utf8", "replace").strip())


def _check_named(path: Path, named: str) -> None:
    file = named.partition(":")[0]
    place = path.parent / file
    if not file or Path(file).is_absolute() or ".." in Path(file).parts or place.is_symlink():
        raise DataError(f"{path} takes values from {file!r}, outside its folder or by a link; that is not followed")
    if place.exists() and not place.is_file():
        raise DataError(f"{path} takes values from {file!r}, which is no regular file")
    if place.is_file():
        with place.open("rb") as opened:
            if opened.read(8) == HDF5:
                _check_hdf5(place, place.stat().st_size)


def _check_hdf5(path: Path, size: int) -> None:
    import h5py

    from simplatform.demonstrations.hdf5 import check_hdf5

    with h5py.File(path, "r") as file:
        check_hdf5(file, str(path), size)


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """Give the name of a file to write that takes the place of ``path`` when it is whole.

    What stood there before stays until then, and other names of it (hard links) keep their content.
    """
    with tempfile.TemporaryDirectory(prefix=f".{path.name}-", dir=path.parent) as folder:
        yield Path(folder) / path.name
        for written in sorted(Path(folder).iterdir(), key=lambda file: file.name == path.name):
            written.chmod(0o644)
            written.replace(path.parent / written.name)
