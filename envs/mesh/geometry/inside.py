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


def check_inside(path: Path, size: int) -> int:
    """Refuse a mesh file that takes its numbers from files outside its folder.

    An XDMF file names the files that hold its arrays, and HDF5 files have links: of a stranger's mesh, the bytes of any
    file of this machine could become coordinates. Returns the bytes of the files beside it that it takes numbers from.

    Raises:
        DataError: it does; what it names is shown.
    """
    named = _check_markup(path) if path.suffix.lower() in (".xdmf", ".xmf", ".vtu", ".vtk", ".xml", ".svg") else 0
    with path.open("rb") as file:
        if file.read(8) == HDF5:
            _check_hdf5(path, size)
    return named


def _check_markup(path: Path) -> int:
    text = path.read_bytes()
    if path.suffix.lower() != ".vtk" and _INCLUDE.search(text):
        raise DataError(f"{path} includes other files or defines entities; save it without")
    if path.suffix.lower() not in (".xdmf", ".xmf"):
        return 0
    named: dict[str, int] = {}
    for item in re.findall(rb"<DataItem([^>]*)>\s*([^<]{0,4096}?)\s*<", text, re.DOTALL | re.IGNORECASE):
        found = re.search(rb"Format\s*=\s*[\"'](HDF|Binary)[\"']", item[0], re.IGNORECASE)
        if found:
            file = item[1].decode("utf8", "replace").strip().partition(":")[0]
            named[file] = _check_named(path, file, found[1].lower() == b"binary")
    return sum(named.values())


def _check_named(path: Path, file: str, binary: bool) -> int:
    """Look at a file that an XDMF file names, and return its bytes; 0 where there is none."""
    place = path.parent / file
    if not file or Path(file).is_absolute() or ".." in Path(file).parts or place.is_symlink():
        raise DataError(f"{path} takes values from {file!r}, outside its folder or by a link; that is not followed")
    if binary and path.parent.resolve() != Path.cwd():  # meshio looks for it in the working folder
        raise DataError(f"{path} takes values from {file!r} beside it, which can be read from within its folder alone")
    if place.exists() and not place.is_file():
        raise DataError(f"{path} takes values from {file!r}, which is no regular file")
    if not place.is_file():
        return 0
    with place.open("rb") as opened:
        if opened.read(8) == HDF5:
            _check_hdf5(place, place.stat().st_size)
    return place.stat().st_size


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
