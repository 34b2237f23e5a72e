"""What all processes of a group but the first do: help to train, and leave everything else to the first."""

from __future__ import annotations

import signal
from collections.abc import Mapping

from simplatform.contracts import Fittable, Trainable
from simplatform.errors import Interrupted
from simplatform.pipeline.checkpoints import restore_training
from simplatform.pipeline.collect import collect
from simplatform.pipeline.fit import Trainer
from simplatform.pipeline.group import Group
from simplatform.pipeline.start import untrained
from simplatform.recipes import Resolved
from simplatform.runs.checkpoint import to_device
from simplatform.runs.rundir import RunDirectory


class Follower:
    """An observer that records nothing and never asks to stop: the first process decides."""

    def metrics(self, step: int, total: int, values: Mapping[str, float]) -> None:
        """Record nothing."""

    def progress(self, step: int, total: int) -> None:
        """Show nothing."""

    def checkpoint(self, trainer: Trainer) -> None:
        """Write nothing."""

    def stopping(self) -> bool:
        """Never ask to stop."""
        return False


def follow(run: RunDirectory, recipe: Resolved, device: str, group: Group) -> None:
    """Train beside the first process, once it has collected; then wait for its end.

    Raises:
        Interrupted: the first process was asked to stop.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)
    group.wait()
    policy = to_device(untrained(recipe), device)
    last = run.last
    finished = last is not None and last.name == f"{recipe.train.steps:06d}"
    if isinstance(policy, Trainable) and not isinstance(policy, Fittable) and not finished:
        found = collect(recipe.task, count=recipe.demonstrations, seed=recipe.seed, attempts=recipe.data.attempts)
        trainer = Trainer(policy, found.demonstrations, recipe.train, recipe.seed, group, fresh=last is None)
        if last is not None:
            restore_training(trainer, last)
        if not trainer.run(Follower()):
            raise Interrupted(f"stopped at step {trainer.step} with the first process")
    group.wait()
