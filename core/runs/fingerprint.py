"""Fingerprints of code and of data files: they change when what the code does, or what the files hold, may have."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any


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
    """
    place = next((path for path in _places(source) if path.exists()), None)
    if place is None:
        return ""
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
    digest = hashlib.sha256(str(place.resolve()).encode())
    for file in files:
        found = file.stat()
        digest.update(f"{file.relative_to(place)} {found.st_size} {found.st_mtime_ns}".encode())
    return digest.hexdigest()[:8]


def data_fingerprints(keywords: Mapping[str, Any]) -> dict[str, str]:
    """Return the fingerprints of those keywords of an environment that name files (see ``data_fingerprint``)."""
    found = {key: data_fingerprint(value) for key, value in keywords.items() if isinstance(value, str) and value}
    return {key: value for key, value in found.items() if value}


def _places(source: str) -> tuple[Path, Path]:
    datasets = os.environ.get("MINARI_DATASETS_PATH") or Path.home() / ".minari" / "datasets"
    return Path(source), Path(datasets) / source
