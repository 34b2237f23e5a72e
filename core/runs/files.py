"""Files that are whole or absent: atomic writes, and one clear error for a full or read-only disk."""

from __future__ import annotations

import errno
import json
import math
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from simplatform.budgets import JSON_BYTES, JSON_DEPTH, depth, regular
from simplatform.errors import DataError, SimplatformError, StorageError
from simplatform.runs.cache import cache_root

_REASONS = {
    errno.ENOSPC: "the disk is full; free some space",
    errno.EDQUOT: "the disk quota is used up; free some space",
    errno.EFBIG: "the file is larger than this system or `ulimit -f` allows; raise the limit",
    errno.EROFS: "the file system is read-only; {place}",
    errno.EACCES: "no permission to write there; {place}",
    errno.EPERM: "no permission to write there; {place}",
    errno.EISDIR: "a folder stands there; choose another name",
    errno.ENOTDIR: "a part of the path is a file, not a folder; {place}",
}
_REMOVED = "its folder is not there, or was removed while this program wrote into it"
NOT_FINITE = {"Infinity": math.inf, "-Infinity": -math.inf, "NaN": math.nan}
"""How JSON that must be read to the same values writes numbers which JSON does not have."""


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn a full or unwritable disk into a ``StorageError`` that says what to do."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOENT:
            raise StorageError(f"cannot write {path}: {_REMOVED}; make it again, and start again") from error
        if error.errno in _REASONS:
            reason = _REASONS[error.errno].format(place=_elsewhere(path))
            raise StorageError(f"cannot write {path}: {reason}. What was written before is intact.") from error
        raise


def _elsewhere(path: Path) -> str:
    cached = cache_root() in (path, *path.parents)
    return "set SIMPLATFORM_CACHE to a folder that can be written" if cached else "use a folder that can be written"


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


def write_bytes(path: Path, data: bytes | memoryview) -> None:
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
    write_bytes(path, text.encode("utf8", "backslashreplace"))


def write_json(path: Path, value: Mapping[str, Any] | list[Any], exact: bool = False) -> None:
    """Write JSON in one step, indented and with a final newline (see ``write_bytes`` and ``json_bytes``)."""
    write_bytes(path, json_bytes(value, exact))


def json_bytes(value: Any, exact: bool = False) -> bytes:
    """Return JSON; a number that is not finite becomes null, or with ``exact`` a word that ``revived`` reads back."""
    words = {repr(number): word for word, number in NOT_FINITE.items()}
    clean = finite_json(value, (lambda number, place: words[repr(number)]) if exact else (lambda number, place: None))
    return (json.dumps(clean, indent=2, allow_nan=False) + "\n").encode("utf8")


def finite_json(value: Any, replace: Callable[[float, str], Any], place: str = "") -> Any:
    """Return plain data in which ``replace(number, place)`` stands for numbers that are not finite."""
    value = value.item() if isinstance(value, _Scalar) else value
    if isinstance(value, Mapping):
        return {str(key): finite_json(inner, replace, f"{place}.{key}".strip(".")) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [finite_json(inner, replace, f"{place}[{number}]") for number, inner in enumerate(value)]
    if isinstance(value, float) and not math.isfinite(value):
        return replace(value, place)
    return _plain(value)


def revived(value: Any) -> Any:
    """Return what ``json_bytes(…, exact=True)`` was given."""
    if isinstance(value, dict):
        return {key: revived(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [revived(inner) for inner in value]
    return NOT_FINITE.get(value, value) if isinstance(value, str) else value


@contextmanager
def exclusive(path: Path, waiting: Callable[[str], None] = lambda text: None) -> Iterator[None]:
    """Keep other processes of this machine from making ``path``: wait until they are done, and say so.

    Raises:
        StorageError: the folder of ``path`` is not writable.
    """
    import fcntl

    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        wanted = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        file = os.fdopen(os.open(path.with_name(f".{path.name}.lock"), wanted, 0o666), "rb+", buffering=0)
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting(f"waiting for another process that makes {path.name}")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield


def read_json(path: Path) -> Any:
    """Read JSON.

    Raises:
        OSError: the file cannot be read, or is a pipe or a device: names in files of others must not block a reader.
        ValueError: it is not JSON, or nested too deeply.
    """
    with regular(path, JSON_BYTES) as file:
        return parse_json(file.read())


def parse_json(data: bytes) -> Any:
    """Return what JSON says.

    Raises:
        ValueError: it is not JSON, or nested too deeply.
    """
    try:
        value = json.loads(data.decode("utf8"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if depth(value) > JSON_DEPTH:
        raise ValueError(f"nested deeper than {JSON_DEPTH}")
    return value


@runtime_checkable
class _Scalar(Protocol):
    """A number of NumPy or torch."""

    def item(self) -> Any: ...


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Path):
        return str(value)
    raise TypeError(f"{type(value).__name__} cannot be written as JSON")
