"""Answers of official modules, reduced, from ``tests/data/parity``: tensors, and plain facts beside them.

A file is gzip around safetensors; a tensor's name is its path as a JSON list, what is no tensor stands in the metadata.
"""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load as tensors_of
from safetensors.torch import save as bytes_of
from torch import Tensor

FOLDER = Path(__file__).parent / "data" / "parity"
ENDING = ".safetensors.gz"
LIMIT, LIMIT_OF_ALL = 300_000, 4_000_000
"""Bytes of one file, and of all together."""


def names() -> list[str]:
    """List the fixtures that there are."""
    return sorted(path.name.removesuffix(ENDING) for path in FOLDER.glob(f"*{ENDING}"))


def load(name: str) -> dict[str, Any]:
    """Return a fixture as the nested dictionary that was saved."""
    raw = gzip.decompress((FOLDER / f"{name}{ENDING}").read_bytes())
    header = json.loads(raw[8 : 8 + int.from_bytes(raw[:8], "little")])
    found: dict[str, Any] = json.loads(header["__metadata__"]["facts"])
    for path, value in tensors_of(raw).items():
        *outer, last = json.loads(path)
        place = found
        for part in outer:
            place = place.setdefault(part, {})
        place[last] = value
    return found


def save(name: str, content: dict[str, Any], folder: Path = FOLDER) -> int:
    """Write a nested dictionary of tensors and JSON values; return its size in bytes.

    Raises:
        ValueError: it is larger than a fixture may be.
    """
    tensors: dict[str, Tensor] = {}
    facts = _split(content, [], tensors)
    packed = gzip.compress(bytes_of(tensors, {"facts": json.dumps(facts, sort_keys=True)}), 9, mtime=0)
    if len(packed) > LIMIT:
        raise ValueError(f"{name}: {len(packed)} bytes of at most {LIMIT}; keep fewer cases, samples or channels")
    (folder / f"{name}{ENDING}").write_bytes(packed)
    return len(packed)


def assert_same(answer: Tensor, official: Any, tolerance: float = 1e-5) -> None:
    """Require the largest difference to stay below ``tolerance`` times the largest reference, or 1."""
    reference = torch.as_tensor(official)
    assert answer.shape == reference.shape, (answer.shape, reference.shape)
    difference = float((answer.detach().to(reference.dtype) - reference).abs().max())
    assert difference <= tolerance * max(1.0, float(reference.abs().max())), difference


def _split(content: dict[str, Any], outer: list[str], tensors: dict[str, Tensor]) -> dict[str, Any]:
    facts: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, Tensor):
            tensors[json.dumps([*outer, key])] = value.detach().clone().contiguous()
        else:
            facts[key] = _split(value, [*outer, key], tensors) if isinstance(value, dict) else value
    return facts
