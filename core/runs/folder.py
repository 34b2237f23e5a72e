"""The door of a folder that may come from anyone: nothing in it leads out of it, and nothing in it blocks a reader.

A run directory, a checkpoint or a set of demonstrations can come by mail, and symbolic links survive git, tar and
rsync. So every file in one is opened from the folder's own descriptor, part by part, and no link is followed: a link, a
named pipe, a device or a socket in the place of a file is refused by name. Links on the way *to* the folder are its
owner's and are followed.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from io import BufferedReader
from pathlib import Path, PurePosixPath
from typing import IO, Any

from simplatform.budgets import JSON_BYTES
from simplatform.errors import DataError, RunError, SimplatformError
from simplatform.runs.files import json_bytes, parse_json, storage_errors

READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
STEP = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
REFUSED = (errno.ELOOP, errno.ENOTDIR, errno.ENXIO, errno.EISDIR)


class Folder:
    """Reads and writes files below ``root`` by their names, such as ``"eval/summary.json"``."""

    def __init__(self, root: Path, error: type[SimplatformError] = RunError) -> None:
        self.root, self.error = Path(root), error

    def path(self, name: str) -> Path:
        """Return where a file lies, checked: a regular file, and no link on the way to it.

        Raises:
            SimplatformError: the folder's own kind; a link, pipe, device or folder in its place.
            FileNotFoundError: nothing of that name; OSError: it is larger than the limit.
        """
        with self.open(name):
            return self.root / name

    @contextmanager
    def open(self, name: str, limit: int | None = None) -> Iterator[BufferedReader]:
        """Open a file for reading; ``limit`` is the largest size allowed, in bytes.

        Raises:
            SimplatformError, FileNotFoundError: see ``path``.
        """
        with self._parent(name) as (parent, last):
            descriptor = self._opened(parent, last, name, READ)
        found = os.fstat(descriptor)
        if not stat.S_ISREG(found.st_mode):
            os.close(descriptor)
            raise self._refusal(name, _kind(found.st_mode))
        with os.fdopen(descriptor, "rb") as file:
            if limit is not None and found.st_size > limit:
                why = f"{found.st_size:,} bytes; the limit is {limit:,}"
                raise OSError(errno.EFBIG, why, str(self.root / name))
            yield file

    def read(self, name: str, limit: int | None = JSON_BYTES) -> bytes:
        """Return the bytes of a file (see ``open``)."""
        with self.open(name, limit) as file:
            return file.read()

    def json(self, name: str) -> Any:
        """Return the content of a JSON file.

        Raises:
            ValueError: it is not JSON, or nested too deeply.
        """
        return parse_json(self.read(name))

    def has(self, name: str) -> bool:
        """Return whether there is a file of that name.

        Raises:
            SimplatformError: something else is in its place, or a link on the way.
        """
        try:
            with self.open(name):
                return True
        except FileNotFoundError:
            return False

    def names(self, name: str = ".") -> list[str]:
        """Return the sorted names in a folder below, links and all; an empty list where there is none."""
        try:
            with self._step(name) as descriptor:
                return sorted(os.listdir(descriptor))
        except FileNotFoundError:
            return []

    def make(self, name: str) -> Path:
        """Make a folder below, with those on the way to it; the root must be there.

        Raises:
            StorageError: the disk is full or read-only, or the root was removed.
        """
        parts = self._parts(name)
        with storage_errors(self.root / name):
            for count in range(1, len(parts) + 1):
                part = "/".join(parts[:count])
                with self._parent(part) as (parent, last):
                    if not _there(parent, last):
                        os.mkdir(last, dir_fd=parent)
                with self._step(part):
                    pass
        return self.root / name

    def write(self, name: str, data: bytes) -> Path:
        """Write a file in one step: readers see the old or the new content. A link in its place is replaced.

        Raises:
            StorageError: the disk is full or read-only.
        """
        with storage_errors(self.root / name), self._parent(name) as (parent, last):
            scratch = f".{last}.{os.getpid()}.tmp"
            try:
                _remove(parent, scratch)
                with os.fdopen(self._created(parent, scratch, os.O_EXCL), "wb") as file:
                    file.write(data)
                    file.flush()
                    os.fsync(file.fileno())
                os.replace(scratch, last, src_dir_fd=parent, dst_dir_fd=parent)
            finally:
                _remove(parent, scratch)
        return self.root / name

    def write_text(self, name: str, text: str) -> Path:
        """Write a text file in one step (see ``write``)."""
        return self.write(name, text.encode("utf8", "backslashreplace"))

    def write_json(self, name: str, value: Any) -> Path:
        """Write JSON in one step (see ``write``)."""
        return self.write(name, json_bytes(value))

    def append(self, name: str, text: str) -> None:
        """Add text to a file; one that has another name elsewhere (a hard link) is copied first.

        Raises:
            StorageError, SimplatformError: see ``write`` and ``path``.
        """
        with storage_errors(self.root / name), self._parent(name) as (parent, last):
            if self.has(name) and os.stat(last, dir_fd=parent, follow_symlinks=False).st_nlink > 1:
                self.write(name, self.read(name, None))
            descriptor = self._opened(parent, last, name, os.O_APPEND, self._created)
            with os.fdopen(descriptor, "ab") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise self._refusal(name, "no regular file")
                file.write(text.encode("utf8"))

    def lock_file(self, name: str) -> IO[bytes]:
        """Open a file to be locked, and make it where there is none; its content stays."""
        with storage_errors(self.root / name), self._parent(name) as (parent, last):
            descriptor = self._opened(parent, last, name, 0, self._created)
        file = os.fdopen(descriptor, "rb+", buffering=0)
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            file.close()
            raise self._refusal(name, "no regular file")
        return file

    def remove(self, *names: str) -> None:
        """Remove files (a link itself, never what it leads to); what is not there, or is a folder, is passed over."""
        for name in names:
            with storage_errors(self.root / name):
                try:
                    with self._parent(name) as (parent, last):
                        _remove(parent, last)
                except (FileNotFoundError, self.error):
                    continue

    def remove_folder(self, name: str, own: Callable[[str], bool]) -> bool:
        """Remove files of a folder whose name (from that folder on) is ``own``, and the folder if it is empty then.

        Links in it are passed over. Returns whether the folder is gone.
        """
        try:
            left = [self._cleared(name, entry, own) for entry in self.names(name)]
            if all(left):
                with self._parent(name) as (parent, last):
                    os.rmdir(last, dir_fd=parent)
        except FileNotFoundError:
            return True
        except self.error:
            return False
        return all(left)

    def _cleared(self, name: str, entry: str, own: Callable[[str], bool]) -> bool:
        inner = f"{name}/{entry}"
        with self._parent(inner) as (parent, last):
            mode = os.stat(last, dir_fd=parent, follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                return self.remove_folder(inner, lambda deeper: own(f"{entry}/{deeper}"))
            if stat.S_ISREG(mode) and own(entry):
                _remove(parent, last)
                return True
        return False

    def rename(self, name: str, other: str) -> None:
        """Give something below another name, within the same folder."""
        with storage_errors(self.root / other), self._parent(name) as (parent, last):
            os.rename(last, PurePosixPath(other).name, src_dir_fd=parent, dst_dir_fd=parent)

    def _parts(self, name: str) -> tuple[str, ...]:
        parts = PurePosixPath(name).parts
        if name.startswith("/") or ".." in parts or "\0" in name:
            raise self.error(f"{name!r} leads out of {self.root}; names of files stay inside it")
        return parts

    @contextmanager
    def _parent(self, name: str) -> Iterator[tuple[int, str]]:
        *folders, last = self._parts(name)
        with self._step("/".join(folders)) as descriptor:
            yield descriptor, last

    @contextmanager
    def _step(self, name: str) -> Iterator[int]:
        """Walk down to a folder, from descriptor to descriptor."""
        here = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            for part in self._parts(name):
                deeper = self._opened(here, part, name, STEP)
                os.close(here)
                here = deeper
            yield here
        finally:
            os.close(here)

    def _created(self, parent: int, last: str, flags: int) -> int:
        wanted = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        return os.open(last, wanted | flags, 0o666, dir_fd=parent)

    def _opened(
        self, parent: int, last: str, name: str, flags: int, opener: Callable[[int, str, int], int] | None = None
    ) -> int:
        try:
            return (opener or _plainly)(parent, last, flags)
        except OSError as error:
            if error.errno in REFUSED:
                raise self._refusal(name, _kind_of(parent, last)) from error
            raise

    def _refusal(self, name: str, kind: str) -> SimplatformError:
        return self.error(
            f"{self.root / name}: {kind} stands there, or on the way to it, and is not followed: what is in "
            f"{self.root} may come from anyone. Put the file or folder itself there."
        )


def check_tree(path: Path, most: int = 1_000_000) -> int:
    """Refuse a file or folder of data that holds a pipe, a device or a socket, on which a reader would wait for ever.

    Links are followed, for datasets that a hub keeps are links to its cache; returns the size in bytes.

    Raises:
        DataError: it does, or it holds more than ``most`` files.
    """
    total = count = 0
    files = (
        [path] if not path.is_dir() else (Path(folder) / name for folder, _, names in os.walk(path) for name in names)
    )
    for file in files:
        found = file.stat() if file.exists() else file.lstat()
        if not stat.S_ISREG(found.st_mode):
            raise DataError(f"{file}: {_kind(found.st_mode)} stands in the place of a file; it is not opened")
        total, count = total + found.st_size, count + 1
        if count > most:
            raise DataError(f"{path} holds more than {most:,} files")
    return total


def _plainly(parent: int, last: str, flags: int) -> int:
    return os.open(last, flags, dir_fd=parent)


def _there(parent: int, last: str) -> bool:
    try:
        os.stat(last, dir_fd=parent, follow_symlinks=False)
    except FileNotFoundError:
        return False
    return True


def _remove(parent: int, last: str) -> None:
    with suppress(FileNotFoundError, IsADirectoryError):
        os.unlink(last, dir_fd=parent)


def _kind_of(parent: int, last: str) -> str:
    try:
        return _kind(os.stat(last, dir_fd=parent, follow_symlinks=False).st_mode)
    except OSError:
        return "no regular file"


def _kind(mode: int) -> str:
    kinds = {
        stat.S_IFLNK: "a symbolic link", stat.S_IFIFO: "a named pipe", stat.S_IFCHR: "a device",
        stat.S_IFBLK: "a device", stat.S_IFSOCK: "a socket", stat.S_IFDIR: "a folder", stat.S_IFREG: "a file",
    }  # fmt: skip
    return kinds.get(stat.S_IFMT(mode), "no regular file")
