"""Weights & Biases: offline files in ``RUN/tracking/wandb``, unless ``WANDB_MODE`` says otherwise."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simplatform.trackers.base import Tracker, flat


class Wandb(Tracker):
    """Logs one W&B run per start; nothing leaves the machine unless ``WANDB_MODE=online`` is set."""

    package = "wandb"

    def open(self, folder: Path, recipe: Mapping[str, Any], step: int) -> None:
        """Start a run."""
        import wandb

        mode: Any = os.environ.get("WANDB_MODE", "offline")
        quiet = wandb.Settings(silent=True, console="off")
        self._run = wandb.init(
            project="simplatform", name=folder.parents[1].name, dir=str(folder), mode=mode, config=flat(recipe),
            settings=quiet,
        )  # fmt: skip

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Log scalars."""
        self._run.log(dict(values), step=step)

    def close(self, state: str) -> None:
        """Finish the run; a failed one gets exit code 1."""
        self._run.finish(exit_code=0 if state == "done" else 1)
