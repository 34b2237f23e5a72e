"""What the ``dysts`` package says of its attractors, read from its data file without importing it."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

PREFIX = "dysts/"


@cache
def catalogue() -> Mapping[str, Mapping[str, Any]]:
    """Return what dysts says of its attractors, without importing it; empty where it is not installed."""
    spec = importlib.util.find_spec("dysts")
    if spec is None or spec.origin is None:
        return {}
    text = (Path(spec.origin).parent / "data" / "chaotic_attractors.json").read_text(encoding="utf8")
    usable = {name: card for name, card in json.loads(text).items() if not (card["delay"] or card["nonautonomous"])}
    return dict(sorted(usable.items()))


def names() -> list[str]:
    """Return the names of all usable attractors, with the prefix."""
    return [PREFIX + name for name in catalogue()]
