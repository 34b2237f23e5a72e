"""A first look while a training goes on: a test episode of an early checkpoint, where the report will be."""

from __future__ import annotations

import time
from pathlib import Path

from simplatform.pipeline.evaluate import all_rows, evaluate_shards, recorded
from simplatform.pipeline.observer import Console, Silent
from simplatform.pipeline.shards import episode_shard
from simplatform.pipeline.summary import summary_of
from simplatform.recipes import Resolved
from simplatform.runs.checkpoint import read_policy
from simplatform.runs.provenance import provenance
from simplatform.runs.rundir import RunDirectory

LONG = 60.0
"""Seconds that a training must still take; a shorter one is soon at its own report."""


class FirstLook:
    """Shows what a training has learned at its first checkpoint, once, where somebody watches and is to wait.

    The episode is the first of the test split. Nothing of it is counted, kept or reused: the report of the finished
    run takes its place, and the training draws its random numbers from generators that an episode does not touch.
    """

    def __init__(self, run: RunDirectory, recipe: Resolved, console: Console, device: str) -> None:
        self._run, self._recipe, self._console, self._device = run, recipe, console, device
        self._began: tuple[float, int] | None = None
        self._over = isinstance(console, Silent) or recipe.data.record == 0

    def progress(self, step: int) -> None:
        """Start the clock at the first step of this training."""
        if self._began is None:
            self._began = (time.perf_counter(), step)

    def at(self, checkpoint: Path, step: int, total: int) -> None:
        """Look at a checkpoint, if none was looked at and the rest of the training is long."""
        if self._over or self._left(step, total) < LONG:
            return
        self._over = True
        try:
            if self._run.files.has("report.html"):  # of an earlier start of this training
                return
            page = self._written(checkpoint, step, total)
        except Exception as error:  # a picture beside the training must never end it
            self._console.say(f"no first look at step {step}: {type(error).__name__}: {error}")
            return
        self._console.say(f"first look, after {step} of {total} steps: {page} (the report will be there)")

    def _left(self, step: int, total: int) -> float:
        if self._began is None or step <= self._began[1]:
            return 0.0
        began, first = self._began
        return (time.perf_counter() - began) * (total - step) / (step - first)

    def _written(self, checkpoint: Path, step: int, total: int) -> Path:
        from simplatform.report import EarlyView, write_early

        recipe = self._recipe
        shard = episode_shard(
            recipe.task, "test", recipe.seed, 0, checkpoint=str(checkpoint), device=self._device, record=True,
            stop_early=True,
        )  # fmt: skip
        found = evaluate_shards(recipe.task, [shard], workers=1)
        summary = summary_of(recipe, read_policy(checkpoint), [found], self._run.times())
        view = EarlyView(self._run, summary, all_rows([found]), list(recorded(found)), provenance(self._device))
        return write_early(self._run, view, f"after {step} of {total} steps of training")
