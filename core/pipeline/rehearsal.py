"""A dry run: all that a run would be refused for before its first episode, and nothing is written."""

from __future__ import annotations

from pathlib import Path

from simplatform.executors.choice import check_executor
from simplatform.pipeline.devices import resolve_device
from simplatform.pipeline.start import run_signature, untrained
from simplatform.recipes import Resolved
from simplatform.runs.editing import check_same
from simplatform.runs.rundir import RunDirectory
from simplatform.trackers.callbacks import Callback, instances


def rehearse(
    recipe: Resolved,
    output: str | Path,
    device: str = "auto",
    executor: str = "",
    fresh: bool = False,
    callbacks: tuple[Callback | str, ...] = (),
) -> None:
    """Build the environment and the policy of a run, where all the rest of it is as ``simplatform.run`` takes it.

    Raises:
        SimplatformError: as ``simplatform.run``.
    """
    check_executor(executor)
    resolve_device(device)
    instances(callbacks)
    directory = RunDirectory.place(Path(output), recipe)
    if directory is not None and not fresh:
        check_same(directory, recipe)
    run_signature(recipe)
    untrained(recipe)
