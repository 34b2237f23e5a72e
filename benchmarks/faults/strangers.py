"""Every reader against seeded bad inputs: each is read or refused by name, in five seconds, and nothing else changes.

    python benchmarks/faults/strangers.py [--seed 0] [--each 60] [--readers checkpoint mesh …]

Valid files of a reader are spoiled in one of the ways of ``KINDS``: cut, changed, exchanged for a pipe, a device, a
folder or a link to a file that must not be touched. Writes ``strangers.json`` beside itself: per reader and kind how
many were tried, read, refused, and what should be none: other errors, more than five seconds, files that changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
SECONDS = 5
Random = random.Random
WORDS = (
    b"NaN",
    b"-1",
    b"1e999",
    b"0",
    b"9223372036854775808",
    b"null",
    b"[]",
    b"{}",
    b'"<script>"',
    b"\x1b[2J",
    b"true",
)


def cut(data: bytes, draw: Random) -> bytes:
    """Keep the beginning."""
    return data[: draw.randrange(len(data) or 1)]


def flip(data: bytes, draw: Random) -> bytes:
    """Change up to eight bytes."""
    changed = bytearray(data or b"\0")
    for _ in range(draw.randint(1, 8)):
        changed[draw.randrange(len(changed))] = draw.randrange(256)
    return bytes(changed)


def without(data: bytes, draw: Random) -> bytes:
    """Leave a piece out."""
    begin = draw.randrange(len(data) or 1)
    return data[:begin] + data[begin + draw.randint(1, 64) :]


def twice(data: bytes, draw: Random) -> bytes:
    """Repeat a piece."""
    begin = draw.randrange(len(data) or 1)
    end = begin + draw.randint(1, 256)
    return data[:end] + data[begin:end] * draw.randint(1, 50) + data[end:]


def number(data: bytes, draw: Random) -> bytes:
    """Put another word in the place of one."""
    import re

    found = list(re.finditer(rb"[\w.+-]+", data[:100_000]))
    if not found:
        return draw.choice(WORDS)
    place = draw.choice(found)
    return data[: place.start()] + draw.choice(WORDS) + data[place.end() :]


def leaf(data: bytes, draw: Random) -> bytes:
    """Put a value of another type in the place of one, where the file is JSON."""
    try:
        whole = json.loads(data)
    except ValueError:
        return number(data, draw)
    places = list(_places(whole))
    if not places:
        return b"[]"
    holder, key = draw.choice(places)
    holder[key] = draw.choice(
        [None, -1, 1e308, "x" * 1000, [], {}, True, "<img src=x onerror=alert(1)>", [[[[]]]], 1 << 70]
    )
    return json.dumps(whole).encode()


def deep(data: bytes, draw: Random) -> bytes:
    """Nest without end."""
    return draw.choice([b"[" * 100_000, b'{"a":' * 50_000, b"x = " + b"[" * 100_000, b"x" + b".a" * 50_000 + b" = 1"])


def other(data: bytes, draw: Random) -> bytes:
    """Something else altogether."""
    zeros, noise = b"\0" * draw.randint(1, 5000), draw.randbytes(draw.randint(1, 5000))
    heads = (b"PK\x03\x04", b"\x89HDF\r\n\x1a\n", b"PAR1", b"\x80\x04")
    return draw.choice([b"", zeros, noise, *(head + noise for head in heads), "\u202e".encode("utf-16")])


CONTENT: dict[str, Callable[[bytes, Random], bytes]] = {
    "cut": cut, "bytes changed": flip, "piece left out": without, "piece repeated": twice, "word exchanged": number,
    "JSON value exchanged": leaf, "nested without end": deep, "something else": other,
}  # fmt: skip
PLACES: dict[str, Callable[[Path, Path], object]] = {
    "named pipe": lambda place, canary: os.mkfifo(place),
    "link to a device": lambda place, canary: place.symlink_to("/dev/zero"),
    "link to another file": lambda place, canary: place.symlink_to(canary / "notes.txt"),
    "folder": lambda place, canary: place.mkdir(),
    "missing": lambda place, canary: None,
}
KINDS = (*CONTENT, *PLACES)


class Late(BaseException):
    """A reader took longer than it may."""


def main() -> None:
    """Try all, and write the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--each", type=int, default=65, help="inputs per reader")
    options.add_argument("--readers", nargs="*", default=[])
    options.add_argument("--json", type=Path, default=HERE / "strangers.json")
    chosen = options.parse_args()
    for folder in (HERE.parents[1] / "tests" / "site", HERE):  # the toy plugin, and the readers
        sys.path.insert(0, str(folder))
    os.environ["HDF5_USE_FILE_LOCKING"] = "FALSE"
    from readers import READERS

    from simplatform.experiments.record import write_result

    found = {name: trial(name, chosen.seed, chosen.each) for name in chosen.readers or READERS}
    rows, faults = (
        {name: rows for name, (rows, _) in found.items()},
        [text for _, said in found.values() for text in said],
    )
    totals = Counter[str]()
    for row in (row for kinds in rows.values() for row in kinds.values()):
        totals.update(row)
    print(dict(totals), *faults, sep="\n")
    result = {
        "seeds": [chosen.seed],
        "samples": totals["tried"],
        "seconds_allowed": SECONDS,
        "totals": dict(totals),
        "readers": rows,
        "faults": faults,
    }
    write_result(chosen.json, result, missing={"interval": "counts of outcomes"})


def trial(name: str, seed: int, each: int) -> tuple[dict[str, dict[str, int]], list[str]]:
    """Spoil the files of one reader ``each`` times; return counts per kind, and what went wrong in words."""
    from readers import READERS

    draw, reader = random.Random(f"{seed}/{name}"), READERS[name]
    rows: dict[str, Counter[str]] = {kind: Counter() for kind in KINDS}
    faults: list[str] = []
    with tempfile.TemporaryDirectory(prefix="strangers-") as root, working_in(Path(root)):
        canary = Path(root) / "canary"
        canary.mkdir()
        (canary / "notes.txt").write_text("precious")
        valid = Path(root) / "valid"
        names = [file.relative_to(valid) for file in reader.prepare(valid)]
        reader.read(valid)  # what is imported on first use does not count as time
        for count in range(each):
            kind, file = KINDS[count % len(KINDS)], draw.choice(names)
            outcome, said = attempt(reader.read, valid, Path(root) / "tried", file, kind, canary, draw)
            rows[kind].update(["tried", outcome])
            faults += [f"{name}, {kind}, {file}: {said}"] if outcome not in ("read", "refused") else []
    print(name, {key: sum(row[key] for row in rows.values()) for key in ("tried", "read", "refused")}, flush=True)
    return {kind: dict(row) for kind, row in rows.items() if row}, faults


def attempt(
    read: Callable[[Path], object], valid: Path, tried: Path, file: Path, kind: str, canary: Path, draw: Random
) -> tuple[str, str]:
    """Read a copy of the valid files with one of them spoiled."""
    from simplatform.errors import SimplatformError

    shutil.rmtree(tried, ignore_errors=True)
    shutil.copytree(valid, tried)
    data = (tried / file).read_bytes()
    (tried / file).unlink()
    if kind in PLACES:
        PLACES[kind](tried / file, canary)
    else:
        (tried / file).write_bytes(CONTENT[kind](data, draw))
    before = state(canary), state(tried)
    try:
        with limited(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            read(tried)
        outcome, said = "read", ""
    except SimplatformError as error:
        outcome, said = "refused", str(error)
    except Late:
        outcome, said = "late", f"more than {SECONDS} s"
    except BaseException as error:
        outcome, said = "other error", f"{type(error).__name__}: {error}"
    return (outcome, said) if (state(canary), state(tried)) == before else ("changed", said)


def state(folder: Path) -> dict[str, str]:
    """Return what lies in a folder, with digests of its regular files; locks do not count."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if _regular(path) else ""
        for path in sorted(folder.rglob("*")) if not path.name.endswith(".lock")
    }  # fmt: skip


@contextmanager
def limited() -> Iterator[None]:
    """Raise ``Late`` when the context takes longer than ``SECONDS``."""

    def late(signal_number: int, frame: Any) -> None:
        raise Late

    signal.signal(signal.SIGALRM, late)
    signal.alarm(SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)


@contextmanager
def working_in(root: Path) -> Iterator[None]:
    """Work in a folder, with a cache of its own."""
    before = Path.cwd()
    os.environ["SIMPLATFORM_CACHE"] = str(root / "cache")
    os.chdir(root)
    try:
        yield
    finally:
        os.chdir(before)


def _regular(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()


def _places(value: Any) -> Iterator[tuple[Any, Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inner:
        yield value, key
        yield from _places(one)


if __name__ == "__main__":
    main()
