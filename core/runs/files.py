"""Files that are whole or absent: atomic writes, and one clear error for a full or read-only disk."""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from simplatform.errors import DataError, SimplatformError, StorageError

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.EROFS: "the file system is read-only; choose another folder with --output",
    errno.EACCES: "no permission to write there; choose another folder with --output",
    errno.EPERM: "no permission to write there; choose another folder with --output",
    errno.ENOENT: "its folder is not there, or was removed; choose another one with --output",
    errno.ENOTDIR: "a part of the path is a file, not a folder; choose another folder with --output",
}


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn a full or unwritable disk into a ``StorageError`` that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno in _REASONS:
            raise StorageError(
                f"cannot write {path}: {_REASONS[error.errno]}. What was written before is intact."
            ) from error
        raise


@contextmanager
def reading(what: str, error: type[SimplatformError] = DataError, hint: str = "") -> Iterator[None]:
    """Turn whatever a library raises on a damaged file into one error; ``what``: "runs/x is not a checkpoint".

    Readers of foreign formats raise anything at all on hostile bytes (found by fuzzing), so everything is caught.
    """
    try:
        yield
    except SimplatformError:
        raise
    except Exception as found:
        raise error(f"{what}: {type(found).__name__}: {found}{hint}") from found


def write_bytes(path: Path, data: bytes) -> None:
    """Write a file in one step: readers see the old or the new content, never a half.

    Raises:
        StorageError: the disk is full or read-only.
    """
    scratch = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with storage_errors(path):
        try:
            with scratch.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            scratch.replace(path)
        finally:
            scratch.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file in one step (see ``write_bytes``)."""
    write_bytes(path, text.encode("utf8"))


def write_json(path: Path, value: Mapping[str, Any] | list[Any]) -> None:
    """Write JSON in one step, indented and with a final newline (see ``write_bytes``)."""
    write_text(path, json.dumps(value, indent=2, default=_plain) + "\n")


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Keep other processes of this machine from making ``path`` at the same time; waits until they are done.

    Raises:
        StorageError: the folder of ``path`` is not writable.
    """
    import fcntl

    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.with_name(f".{path.name}.lock").open("w")
    with file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        OSError: the file cannot be read, or is a pipe or a device: names in files of others must not block a reader.
        ValueError: it is not JSON.
    """
    if path.exists() and not path.is_file():
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    try:
        return json.loads(path.read_text(encoding="utf8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error


@runtime_checkable
class _Scalar(Protocol):
    """A number of NumPy or torch."""

    def item(self) -> Any: ...


def _plain(value: Any) -> Any:
    if isinstance(value, _Scalar):
        return value.item()
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
