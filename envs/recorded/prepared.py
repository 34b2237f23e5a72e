"""What was read of a recording, in the cache: plain arrays that are mapped into memory, so that nothing is copied.

    CACHE/recordings/PLACE-STATE/card.json  0.npy  1.npy …  action.npy

PLACE stands for the path and the settings, STATE for the file's content and for the code that read it. When the file is
not there any more, what was read of it last still is. An array is ``(steps + episodes, ...)``, of one episode after the
other, in the order of the card's names.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from simplatform.demonstrations.episode import Array, Demonstrations, Joined
from simplatform.errors import DataError
from simplatform.runs.cache import cache_root
from simplatform.runs.files import exclusive, read_json, reading, storage_errors, write_json
from simplatform.runs.fingerprint import code_fingerprint

CARD = "card.json"
ACTION = "action.npy"
CODE = ("simplatform.envs.recorded.reading:recording", "simplatform.deployment.clouds:sampled")


@dataclass(frozen=True)
class Recording:
    """What was read, and what was understood, left out and cleaned, a line each."""

    demonstrations: Joined
    said: tuple[str, ...]
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What an environment of it declares (see ``simplatform.contracts.Facts``): rate, names, units, keys, clouds."""


def read_or_make(path: str, fingerprint: str, how: str, make: Callable[[Path], None]) -> Recording:
    """Return what was read of a file of this fingerprint, after ``make`` wrote it into a folder where it is not there.

    Raises:
        DataError, StorageError: whatever ``make`` raises; the cache cannot be written.
    """
    root = cache_root() / "recordings"
    place = _digest(str(Path(path).resolve()), how)
    if not fingerprint and (kept := _newest(root, place)) is not None:
        date = time.strftime("%Y-%m-%d", time.localtime(kept.stat().st_mtime))
        return _load(kept, (f"{path} is not there any more: what was read of it on {date} is used",))
    folder = root / f"{place}-{_digest(fingerprint, *map(code_fingerprint, CODE))}"
    if not (folder / CARD).exists():
        with exclusive(folder):  # another process may be making it
            if not (folder / CARD).exists():
                _made(folder, make)
                _forget(root, place, folder)
    return _load(folder)


def write_array(path: Path, shape: Sequence[int], dtype: Any, rows: Iterable[Array]) -> None:
    """Write an array some rows at a time.

    Raises:
        DataError: they are not as many as the shape says.
        StorageError: the disk is full.
    """
    count, kind = 0, np.dtype(dtype)
    header = {"descr": np.lib.format.dtype_to_descr(kind), "fortran_order": False, "shape": tuple(shape)}
    with storage_errors(path), path.open("wb") as file:
        np.lib.format.write_array_header_2_0(file, header)
        for part in rows:
            file.write(np.ascontiguousarray(part, kind).data)
            count += len(part)
    if count != shape[0]:
        raise DataError(f"expected {shape[0]} rows, and {count} came")


def write_card(folder: Path, found: Demonstrations, said: Sequence[str], facts: Mapping[str, Any]) -> None:
    """Write what was understood; last, for it says that all is there."""
    names = [key for key in (found[0].observations if len(found) else {}) if not key.startswith("image ")]
    card = {"names": names, "lengths": [len(episode) for episode in found], "source": found.source}
    write_json(folder / CARD, {**card, "said": list(said), "facts": dict(facts)})


def bytes_of(path: str) -> int:
    """Return the size of a file, or of all files in a folder."""
    place = Path(path)
    if place.is_file():
        return place.stat().st_size
    return sum(file.stat().st_size for file in place.rglob("*") if file.is_file())


def _load(folder: Path, more: tuple[str, ...] = ()) -> Recording:
    with reading(f"{folder} is damaged", hint="; remove it, and it is made again"):
        card = read_json(folder / CARD)
        names, lengths = card["names"], card["lengths"]
        seen = {key: _mapped(folder / f"{number}.npy") for number, key in enumerate(names)}
        actions = _mapped(folder / ACTION) if lengths else np.zeros((0, 0), np.float32)
        found = Joined(seen, actions, lengths, card["source"])
    return Recording(found, (*card["said"], *more), card["facts"])


def _mapped(path: Path) -> Array:
    """Return an array that is read when it is looked at; writing into it changes no file."""
    found: Array = np.load(path, mmap_mode="c", allow_pickle=False)
    return found.view(np.ndarray)


def _made(folder: Path, make: Callable[[Path], None]) -> None:
    with storage_errors(folder):
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
    try:
        make(scratch)
        with storage_errors(folder):
            shutil.rmtree(folder, ignore_errors=True)  # a card is written last: without one it is no whole folder
            scratch.rename(folder)
    except BaseException:
        shutil.rmtree(scratch, ignore_errors=True)
        raise


def _newest(root: Path, place: str) -> Path | None:
    whole = [folder for folder in root.glob(f"{place}-*") if (folder / CARD).exists()]
    return max(whole, key=lambda folder: folder.stat().st_mtime, default=None)


def _forget(root: Path, place: str, but: Path) -> None:
    """Remove what was read of the file before it changed; a process that still looks at it keeps it open."""
    for folder in root.glob(f"{place}-*"):
        if folder != but and folder.is_dir():
            shutil.rmtree(folder, ignore_errors=True)


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:12]
