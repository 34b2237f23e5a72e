"""TensorBoard: event files in ``RUN/tracking/tensorboard``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simplatform.trackers.base import Tracker, flat


class TensorBoard(Tracker):
    """Writes scalars and the recipe; a run that is resumed replaces what was logged after its checkpoint."""

    package = "tensorboard"

    def open(self, folder: Path, recipe: Mapping[str, Any], step: int) -> None:
        """Start an event file."""
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder), purge_step=step)
        rows = "\n".join(f"    {key} = {value}" for key, value in flat(recipe).items())
        self._writer.add_text("recipe", rows, step)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Write scalars."""
        for key, value in values.items():
            self._writer.add_scalar(key, value, step)

    def close(self, state: str) -> None:
        """Close the file."""
        self._writer.close()
