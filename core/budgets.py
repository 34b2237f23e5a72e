"""How much a file from anywhere may ask for: sizes that reading stops at, before memory or time are spent.

A file may hold much; what it may not do is ask for more than it holds. Arrays are read up to ``ARRAYS`` bytes, or four
times the size of their file where that is more: a large file is read, a small one that unfolds to gigabytes is not.
``SIMPLATFORM_READ_GIB`` raises the first of them. What a file declares is compared before it is read; what a library
unfolds beyond that is refused by the system, where it knows limits on a process's memory (Linux), before it is there.
"""

from __future__ import annotations

import errno
import os
import resource
import stat
import struct
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path
from typing import IO, Any

from simplatform.errors import DataError

GIB = 1 << 30
JSON_BYTES = 64 << 20
"""Largest JSON file."""
JSON_DEPTH = 64
"""Deepest nesting of lists and tables in JSON and TOML."""
LOG_BYTES = 1 << 30
"""Largest metrics.jsonl."""
RECIPE_BYTES = 1 << 20
"""Largest TOML file."""
UNFOLDED = 4
"""How many times the size of its file arrays may take, beyond ``arrays_limit``'s first part."""
WORKING = 8
"""How many times the size of its file all that is needed for reading may take: text, buffers and arrays together."""
BESIDE = 1 << 28
"""Bytes that a library may take for itself while a file is read: its own code, threads, caches."""
REFUSED = ("memory allocation failed", "unable to allocate", "out of memory", "cannot allocate", "can't allocate",
           "malloc of size", "realloc of size")  # fmt: skip
"""What libraries say in errors of their own when the system gives them no memory."""


@contextmanager
def regular(path: Path, limit: int | None = None) -> Iterator[BufferedReader]:
    """Open a file that the user named, links followed; anything but a regular file is refused at once.

    Raises:
        OSError: it cannot be read, is a pipe, a device or a folder, or is larger than ``limit`` bytes.
    """
    opened = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    found = os.fstat(opened)
    if not stat.S_ISREG(found.st_mode):
        os.close(opened)
        folder = stat.S_ISDIR(found.st_mode)
        raise OSError(
            errno.EISDIR if folder else errno.EINVAL, "a folder" if folder else "not a regular file", str(path)
        )
    with os.fdopen(opened, "rb") as file:
        if limit is not None and found.st_size > limit:
            raise OSError(errno.EFBIG, f"{found.st_size:,} bytes; the limit is {limit:,}", str(path))
        yield file


def arrays_limit(file_bytes: int = 0) -> int:
    """Return how many bytes the arrays of a file of ``file_bytes`` may take in memory."""
    try:
        gib = float(os.environ.get("SIMPLATFORM_READ_GIB", "1"))
    except ValueError:
        gib = 1.0
    return max(int(gib * GIB), UNFOLDED * file_bytes)


def check_arrays(what: str, wanted: int, file_bytes: int) -> None:
    """Refuse arrays out of all proportion to the file that holds them.

    Raises:
        DataError: ``wanted`` bytes are more than ``arrays_limit`` allows.
    """
    limit = arrays_limit(file_bytes)
    if wanted > limit:
        raise DataError(
            f"{what} asks for {wanted / GIB:.3g} GiB of memory from a file of {file_bytes:,} bytes; the limit is "
            f"{limit / GIB:.3g} GiB (SIMPLATFORM_READ_GIB=… raises it)"
        )


@contextmanager
def memory_within(what: str, file_bytes: int) -> Iterator[None]:
    """Let whatever reads a file of ``file_bytes`` take so much memory, and no more.

    The process's address space is limited meanwhile: an allocation beyond it fails, whichever library asks.

    Raises:
        DataError: more was asked for; the budget is named.
    """
    budget = max(arrays_limit(file_bytes), WORKING * file_bytes)
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = _address_space() + budget + BESIDE
    known = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    if wanted < min(known, default=wanted + 1):
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    try:
        yield
    except DataError:
        raise
    except Exception as error:
        if isinstance(error, MemoryError) or any(text in str(error).lower() for text in REFUSED):
            raise DataError(
                f"{what} asks for more memory than the {budget / GIB:.3g} GiB that reading a file of {file_bytes:,} "
                "bytes may take (SIMPLATFORM_READ_GIB=… raises it)"
            ) from error
        raise
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def _address_space() -> int:
    """Return the bytes that this process has mapped; where the system does not tell, more than any limit."""
    try:
        return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    except (OSError, ValueError, IndexError):
        return 1 << 62


def parquet_bytes(about: Any) -> int:
    """Return the bytes that the metadata of a Parquet file declare: of its pages, or eight for each value."""
    total = 0
    for number in range(about.num_row_groups):
        group = about.row_group(number)
        values = sum(group.column(column).num_values for column in range(group.num_columns))
        total += max(group.total_byte_size, 8 * values)
    return total


def check_zip(file: IO[bytes], path: Path) -> None:
    """Refuse an archive whose members unfold beyond the limit, or overlap; nothing is unpacked for it.

    Raises:
        DataError: it does.
        zipfile.BadZipFile: it is no archive.
    """
    size = os.fstat(file.fileno()).st_size
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
    if len(members) > 100_000:
        raise DataError(f"{path} has {len(members)} members; the limit is 100,000")
    if sum(member.compress_size for member in members) > size:
        raise DataError(f"{path}: its members overlap; it is damaged or made to be large")
    check_arrays(str(path), sum(member.file_size for member in members), size)
    file.seek(0)


def depth(value: Any) -> int:
    """Return how deeply lists and tables are nested in plain data; walks without recursion, and stops at the limit."""
    deepest, layer = 0, [value]
    while layer and deepest <= JSON_DEPTH:
        layer = [inner for one in layer for inner in _inner(one)]
        deepest += bool(layer)
    return deepest


def safetensors_shapes(file: IO[bytes]) -> dict[str, tuple[int, ...]]:
    """Return the shapes that a safetensors file declares, from its header alone.

    Raises:
        ValueError: the header is no header, or its sizes are not those of the file.
    """
    import json

    size = os.fstat(file.fileno()).st_size
    head = file.read(8)
    length = struct.unpack("<Q", head)[0] if len(head) == 8 else -1
    if not 0 <= length <= min(size - 8, 100 << 20):
        raise ValueError("header too short, or longer than the file")
    header = json.loads(file.read(length))
    entries = {name: entry for name, entry in header.items() if name != "__metadata__"}
    ends = [int(entry["data_offsets"][1]) for entry in entries.values()]
    if size != 8 + length + max(ends, default=0):
        raise ValueError(f"the file has {size} bytes; its header describes {8 + length + max(ends, default=0)}")
    file.seek(0)
    return {name: tuple(int(n) for n in entry["shape"]) for name, entry in entries.items()}


def _inner(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list | tuple):
        yield from value
