"""trackio: SQLite files in trackio's own folder (``TRACKIO_DIR``); ``trackio show`` draws them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simplatform.trackers.base import Tracker, flat


class Trackio(Tracker):
    """Logs one trackio run per start, on this machine."""

    package = "trackio"

    def open(self, folder: Path, recipe: Mapping[str, Any], step: int) -> None:
        """Start a run."""
        import trackio

        self._module = trackio
        trackio.init(project="simplatform", name=folder.parents[1].name, config=flat(recipe), embed=False)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Log scalars."""
        self._module.log(dict(values), step=step)

    def close(self, state: str) -> None:
        """Finish the run."""
        self._module.finish()
