"""Where what can be made again is kept between runs: demonstrations, searched orders, solved coefficients."""

from __future__ import annotations

import os
from pathlib import Path


def cache_root() -> Path:
    """Return the folder of cached results: ``$SIMPLATFORM_CACHE``, or the user's cache folder."""
    base = os.environ.get("SIMPLATFORM_CACHE")
    return Path(base) if base else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "simplatform"
