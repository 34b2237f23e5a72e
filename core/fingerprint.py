"""Fingerprints of code: they change when what the code does may have changed, and not with comments or layout."""

from __future__ import annotations

import ast
import hashlib
import importlib.util
from functools import lru_cache
from pathlib import Path


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
