"""HDF5 files of anyone, and names with slashes in them: groups within groups, as Minari has nested observations.

An HDF5 file can name other files, and their bytes are read as its own: external links, external storage and virtual
datasets. None is followed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any

from simplatform.budgets import check_arrays, memory_within
from simplatform.demonstrations.episode import Array
from simplatform.demonstrations.stored import stored
from simplatform.errors import DataError
from simplatform.runs.files import reading
from simplatform.runs.folder import Folder


@contextmanager
def hdf5(folder: Folder, name: str) -> Iterator[Any]:
    """Open an HDF5 file of a folder for reading, after ``check_hdf5``.

    Raises:
        DataError: something else than a file stands there, or it leads to other files or asks for too much memory.
    """
    import h5py

    path = folder.path(name)
    with memory_within(str(path), path.stat().st_size), h5py.File(path, "r") as file:
        check_hdf5(file, str(path), path.stat().st_size)
        yield file


class Later:
    """An HDF5 file that is opened, and checked, when something of it is first asked for, and then stays open."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: Any = None

    def rows(self, name: str, shape: Sequence[int], dtype: Any, repeat: bool = False) -> Array:
        """Return a dataset as an array that is read when it is indexed (see ``demonstrations.stored``)."""
        return stored(shape, dtype, lambda start, stop: self._dataset(name)[start:stop], repeat)

    def _dataset(self, name: str) -> Any:
        import h5py

        if self._file is None:
            with reading(f"{self.path} is damaged"):
                self._file = h5py.File(self.path, "r")
                check_hdf5(self._file, str(self.path), self.path.stat().st_size)
        return self._file[name]


def check_hdf5(file: Any, what: str, file_bytes: int) -> None:
    """Refuse links out of an open HDF5 file, and arrays out of proportion to it.

    Raises:
        DataError: there are some.
    """
    check_arrays(what, sum(size_of(one) for one in own_datasets(file, what)), file_bytes)


def size_of(dataset: Any) -> int:
    """Return the bytes that reading a dataset takes: its own, or those of one compressed piece where that is larger."""
    pieces = prod(dataset.chunks) if dataset.chunks else 0
    size: int = max(prod(dataset.shape), pieces) * dataset.dtype.itemsize
    return size


def own_datasets(group: Any, what: str, depth: int = 0) -> Iterator[Any]:
    """Yield the datasets of an open HDF5 file that has none but its own.

    Raises:
        DataError: a link, values of another file, or groups nested too deeply.
    """
    import h5py

    if depth > 32:
        raise DataError(f"{what}: groups are nested deeper than 32")
    for key in group:
        if not isinstance(group.get(key, getlink=True), h5py.HardLink):
            raise DataError(f"{what}: {group.name}/{key} is a link; links in files of others are not followed")
        found = group[key]
        if isinstance(found, h5py.Group):
            yield from own_datasets(found, what, depth + 1)
        elif isinstance(found, h5py.Dataset):
            if found.is_virtual or found.external:
                raise DataError(f"{what}: {found.name} takes its values from another file, which is not followed")
            if found.shape is not None:
                yield found


def named(group: Any, prefix: str = "") -> dict[str, Array]:
    """Return the arrays of a group by name; those of groups within it as ``outer/inner``."""
    import h5py

    found: dict[str, Array] = {}
    for key, value in group.items():
        if isinstance(value, h5py.Group):
            found.update(named(value, f"{prefix}{key}/"))
        else:
            found[f"{prefix}{key}"] = value[()]
    return found


def nested(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return values by name, those called ``outer/inner`` as dictionaries within dictionaries.

    Raises:
        DataError: a name that cannot be written: empty, a dot, or both a value and the beginning of another.
    """
    whole: dict[str, Any] = {}
    for name, value in values.items():
        *outer, last = name.split("/")
        place = whole
        for part in outer:
            place = place.setdefault(part, {})
            if not isinstance(place, dict):
                raise DataError(f"{name!r} cannot be written beside {part!r}: one name begins the other")
        if last in place or {"", ".", ".."} & {*outer, last} or "\0" in name:
            raise DataError(
                f"the name {name!r} cannot be written: expected words with single slashes between, each once"
            )
        place[last] = value
    return whole


def nested_space(space: Any) -> Any:
    """Return a space of named observations with the names' slashes as spaces within spaces."""
    from gymnasium.spaces import Dict

    if not isinstance(space, Dict) or not any("/" in name for name in space.spaces):
        return space

    def made(value: Any) -> Any:
        return Dict({key: made(inner) for key, inner in value.items()}) if isinstance(value, dict) else value

    return made(nested(space.spaces))
