"""What watches a run: metrics, checkpoints, callbacks, the console, and signals that ask it to stop."""

from __future__ import annotations

import math
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Protocol

from simplatform.contracts import Policy, Signature
from simplatform.errors import SimplatformError
from simplatform.pipeline.checkpoints import save_training
from simplatform.pipeline.fit import Trainer
from simplatform.pipeline.watch import check_finite
from simplatform.recipes import Resolved
from simplatform.runs.rundir import RunDirectory
from simplatform.trackers.callbacks import Callbacks


class Console(Protocol):
    """Where a run tells what it does. The CLI draws progress bars; a library call is silent."""

    def say(self, text: str) -> None:
        """Tell one line."""

    def progress(self, stage: str, done: int, total: int, note: str = "") -> None:
        """Show how far a stage is."""


class Silent:
    """A console that says nothing."""

    def say(self, text: str) -> None:
        """Say nothing."""

    def progress(self, stage: str, done: int, total: int, note: str = "") -> None:
        """Show nothing."""


class Looking(Protocol):
    """Who looks at a training before its end."""

    def progress(self, step: int) -> None:
        """Take note of a step."""

    def at(self, checkpoint: Path, step: int, total: int) -> None:
        """Take note of a checkpoint."""


@contextmanager
def terminated_as_interrupted() -> Iterator[None]:
    """Let SIGINT and SIGTERM end a stage by ``KeyboardInterrupt``, so that the run can record it.

    SIGINT as well, because a shell's background job starts with it ignored.
    """
    with _handled(signal.default_int_handler):
        yield


@contextmanager
def _handled(handler: Callable[[int, FrameType | None], Any]) -> Iterator[None]:
    """Handle SIGINT and SIGTERM, in the main thread; elsewhere signals are somebody else's business."""
    try:
        before = {number: signal.signal(number, handler) for number in (signal.SIGINT, signal.SIGTERM)}
    except ValueError:
        yield
        return
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)


class RunObserver:
    """Writes what a training reports into its run directory."""

    def __init__(
        self, run: RunDirectory, recipe: Resolved, signature: Signature, console: Console, callbacks: Callbacks
    ) -> None:
        self._run, self._recipe, self._signature = run, recipe, signature
        self._console, self._callbacks = console, callbacks
        self._note = ""
        self._signals = 0
        self._losses: list[float] = []
        self.before_checkpoint: Callable[[], None] = lambda: None
        self.first_look: Looking | None = None

    def metrics(self, step: int, total: int, values: Mapping[str, float]) -> None:
        """Append to metrics.jsonl and tell the callbacks."""
        self._run.append_metrics(step, values)
        self._callbacks.on_metrics(step, values)
        if "loss" in values:
            self._note = f"loss {values['loss']:.4g}"

    def progress(self, step: int, total: int) -> None:
        """Draw the bar."""
        self._console.progress("fit", step, total, self._note)
        if self.first_look is not None:
            self.first_look.progress(step)

    def checkpoint(self, trainer: Trainer) -> None:
        """Write a checkpoint."""
        self.before_checkpoint()
        path = save_training(self._run, self._recipe, trainer, self._signature)
        self._callbacks.on_checkpoint(path)
        if self.first_look is not None and not self.stopping():
            self.first_look.at(path, trainer.step, trainer.config.steps)

    def stopping(self) -> bool:
        """Return whether SIGINT or SIGTERM came."""
        return self._signals > 0

    def fit_progress(self, step: int, total: int, **metrics: float) -> None:
        """Serve as the ``progress`` of a policy that fits itself."""
        if metrics:
            self.metrics(step, total, metrics)
            self._losses += [float(metrics["loss"])] if "loss" in metrics else []
        self.progress(step, total)

    def check_fitted(self, policy: Policy) -> None:
        """Refuse a policy that fitted itself to something that is not finite.

        Raises:
            SimplatformError: a weight is not finite, or none of the losses that it reported is.
        """
        check_finite(policy, "after its fit")
        if self._losses and not any(map(math.isfinite, self._losses)):
            raise SimplatformError(
                f"the fit of {type(policy).__name__} diverged: none of the {len(self._losses)} losses that it reported "
                "is finite. Lower its learning rate, or look for very large values in the data."
            )

    @contextmanager
    def signals(self) -> Iterator[None]:
        """Take SIGINT and SIGTERM as a wish to stop after a checkpoint; a second one stops at once."""
        with _handled(self._on_signal):
            yield

    def _on_signal(self, number: int, frame: FrameType | None) -> Any:
        self._signals += 1
        if self._signals > 1:
            raise KeyboardInterrupt
        self._console.say("stopping after a checkpoint (once more to stop at once)")
