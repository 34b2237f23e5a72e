"""Rivals: opponents that need training, trained beside a run on the same task, data and seed."""

from __future__ import annotations

from collections.abc import Sequence

from simplatform.pipeline.devices import resolve_device
from simplatform.pipeline.observer import Console
from simplatform.pipeline.options import Options
from simplatform.pipeline.run import execute
from simplatform.recipes import beside
from simplatform.runs.rundir import RunDirectory


def with_rivals(runs: Sequence[RunDirectory], device: str, workers: int, console: Console) -> list[RunDirectory]:
    """Return runs, and after them a run of each rival of their tasks, in the folder of the run that it stands beside.

    A rival's run that is there already, with its recipe's own settings, is continued or reused.

    Raises:
        SimplatformError: a rival cannot be run.
    """
    found = {run.path.resolve(): run for run in runs}
    done = {(run.recipe().plugin, run.recipe().task.name, run.recipe().seed) for run in runs}
    options = Options(resolve_device(device), workers)
    for run in runs:
        recipe = run.recipe()
        for rival in recipe.task.rivals:
            if (rival, recipe.task.name, recipe.seed) in done:
                continue
            done.add((rival, recipe.task.name, recipe.seed))
            directory = RunDirectory.create(run.path.parent, beside(rival, recipe))
            execute(directory, directory.recipe(), options, console)
            found[directory.path.resolve()] = directory
    return list(found.values())
