"""What all trackers share: when to open, what to log, and the closing summary."""

from __future__ import annotations

import math
import sys
from abc import abstractmethod
from collections.abc import Mapping
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

from simplatform.errors import MissingDependency
from simplatform.runs.folder import Folder
from simplatform.trackers.callbacks import Callback


class Tracker(Callback):
    """Opens at the first number, so that a run that only reuses results leaves nothing; ends with the test metrics."""

    package = ""

    def __init__(self) -> None:
        self._path = Path()
        self._open = False
        self._step = 0

    def on_start(self, path: Path) -> None:
        """Remember the run."""
        self._path = path

    def on_metrics(self, step: int, values: Mapping[str, float]) -> None:
        """Log the finite numbers of a step."""
        if not self._open:
            self._start(step)
        self._step = step
        self.log(step, {key: float(value) for key, value in values.items() if math.isfinite(value)})

    def on_end(self, state: str) -> None:
        """Log the metrics of the evaluation, and close."""
        if not self._open:
            return
        summary = self._summary()
        if state == "done" and summary:
            self.log(self._step, summary)
        self._open = False
        with redirect_stdout(sys.stderr):
            self.close(state)

    def _start(self, step: int) -> None:
        files = Folder(self._path)
        recipe: dict[str, Any] = files.json("resolved.json")
        folder = files.make(f"tracking/{self.package}")
        try:
            with redirect_stdout(sys.stderr):  # stdout belongs to --json
                self.open(folder, recipe, step)
        except ImportError as error:
            raise MissingDependency(f"{self.package} is not installed: pip install 'simplatform[trackers]'") from error
        self._open = True

    def _summary(self) -> dict[str, float]:
        try:
            splits = Folder(self._path).json("eval/summary.json")["splits"]
        except (OSError, ValueError, KeyError):
            return {}
        return {
            f"{split}/{name}": float(estimate["value"])
            for split, found in splits.items()
            for name, estimate in found["metrics"].items()
            if estimate["value"] is not None and math.isfinite(estimate["value"])
        }

    @abstractmethod
    def open(self, folder: Path, recipe: Mapping[str, Any], step: int) -> None:
        """Start logging a run; ``folder`` is the tracker's own, ``step`` the first that will be logged."""

    @abstractmethod
    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Log numbers of a step."""

    @abstractmethod
    def close(self, state: str) -> None:
        """End: "done", "failed" or "preempted"."""


def flat(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """Return a recipe as one level of keys: ``train.lr``, ``policy.width``, …"""
    plain = {key: recipe[key] for key in ("plugin", "policy", "task", "seed")}
    sections = {**recipe["settings"], "env": recipe["env"]}
    return {**plain, **{f"{name}.{key}": value for name, table in sections.items() for key, value in table.items()}}
