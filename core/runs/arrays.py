"""Arrays from ``.npz`` and ``.npy`` files of anyone: headers are looked at first, and objects are never unpickled."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from simplatform.budgets import check_arrays, check_zip, memory_within
from simplatform.errors import DataError

Array = NDArray[Any]


def read_npz(file: IO[bytes], path: Path, names: Sequence[str] | None = None) -> dict[str, Array]:
    """Return the arrays of an ``.npz``, all of them or those of ``names`` that are there.

    Raises:
        DataError: they would take more memory than the budget allows, or hold objects.
        OSError, ValueError, zipfile.BadZipFile: it is damaged.
    """
    check_zip(file, path)
    with zipfile.ZipFile(file) as archive:
        wanted = [name for name in archive.namelist() if names is None or name.removesuffix(".npy") in names]
        sizes = []
        for name in wanted:
            with archive.open(name) as member:
                sizes.append(_declared(member, f"{path}: {name}"))
    check_arrays(str(path), sum(sizes), os.fstat(file.fileno()).st_size)
    file.seek(0)
    with memory_within(str(path), os.fstat(file.fileno()).st_size), np.load(file, allow_pickle=False) as found:
        return {name.removesuffix(".npy"): found[name.removesuffix(".npy")] for name in wanted}


def read_npy(file: IO[bytes], path: Path) -> Array:
    """Return the array of an ``.npy`` (see ``read_npz``)."""
    check_arrays(str(path), _declared(file, str(path)), os.fstat(file.fileno()).st_size)
    file.seek(0)
    found: Array = np.load(file, allow_pickle=False)
    return found


def _declared(file: Any, what: str) -> int:
    """Return the bytes that the header of an array declares."""
    major, _ = np.lib.format.read_magic(file)
    read = np.lib.format.read_array_header_1_0 if major == 1 else np.lib.format.read_array_header_2_0
    shape, _, dtype = read(file)
    if dtype.hasobject:
        raise DataError(f"{what} holds Python objects, and opening it would run code; save it as an array of numbers")
    if any(size < 0 for size in shape):
        raise ValueError(f"{what} declares the shape {shape}")
    wanted = dtype.itemsize
    for size in shape:
        wanted *= int(size)
    return wanted
