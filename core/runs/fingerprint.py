"""Fingerprints of code and of data files: they change when what the code does, or what the files hold, may have."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
from collections.abc import Mapping
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

from simplatform.errors import DataError

MOST_FILES = 300_000
"""Files of a folder that may be one data set."""


@lru_cache(maxsize=64)
def code_fingerprint(target: str) -> str:
    """Return eight hexadecimal digits of the code around ``target``, "package.module:attribute".

    All Python files in the folder of the module and below it count, for a module outside any package that file alone;
    without its source (a compiled module) the answer is empty. Nothing is imported but the parent packages.
    """
    module = target.partition(":")[0]
    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
        return ""
    origin = Path(spec.origin)
    files = sorted(origin.parent.rglob("*.py")) if "." in module else [origin]
    digest = hashlib.sha256()
    for file in files:
        digest.update(str(file.relative_to(origin.parent)).encode())
        digest.update(ast.dump(ast.parse(file.read_bytes())).encode())
    return digest.hexdigest()[:8]


def data_fingerprint(source: str) -> str:
    """Return eight hexadecimal digits for the file or folder at ``source``, or for a local Minari dataset of that name.

    Names, sizes and times of change of all its files count, and where it lies; nothing there gives an empty string.

    Raises:
        DataError: a folder of more files than a data set has, such as that of all users.
    """
    place = next((path for path in _places(source) if _exists(path)), None)
    if place is None:
        return ""
    files = [place] if place.is_file() else sorted(islice((p for p in place.rglob("*") if p.is_file()), MOST_FILES + 1))
    if len(files) > MOST_FILES:
        raise DataError(f"{place} holds more than {MOST_FILES:,} files; name the folder of the data set itself")
    digest = hashlib.sha256(str(place.resolve()).encode())
    for file in files:
        found = file.stat()
        digest.update(f"{file.relative_to(place)} {found.st_size} {found.st_mtime_ns}".encode())
    return digest.hexdigest()[:8]


def data_fingerprints(keywords: Mapping[str, Any]) -> dict[str, str]:
    """Return the fingerprints of those keywords of an environment that name files (see ``data_fingerprint``)."""
    found = {key: data_fingerprint(value) for key, value in keywords.items() if isinstance(value, str) and value}
    return {key: value for key, value in found.items() if value}


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name that is too long, or no name at all
        return False


def _places(source: str) -> tuple[Path, Path]:
    datasets = os.environ.get("MINARI_DATASETS_PATH") or Path.home() / ".minari" / "datasets"
    return Path(source), Path(datasets) / source
