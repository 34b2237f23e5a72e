"""A run's training set: what was collected, or trajectories that are made while it trains, with a log of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from pathlib import Path

from simplatform.contracts import Collating, Trainable
from simplatform.demonstrations import Demonstrations
from simplatform.errors import ConfigError, DataError, RunError
from simplatform.pipeline.observer import RunObserver
from simplatform.pipeline.online import Arrival, OnlineWindows, Shape
from simplatform.pipeline.options import Options
from simplatform.pipeline.rollout import device_of
from simplatform.pipeline.stream import Source, source
from simplatform.recipes import Resolved
from simplatform.runs.episodes import write_rows
from simplatform.runs.files import read_json, reading
from simplatform.runs.records import ArrivalsRecord, typed
from simplatform.runs.rundir import RunDirectory

LOG, SAMPLES = "arrivals.json", "samples.parquet"


@contextmanager
def training_set(
    run: RunDirectory,
    recipe: Resolved,
    policy: Trainable,
    options: Options,
    observer: RunObserver,
    collected: Demonstrations,
) -> Iterator[tuple[Demonstrations, OnlineWindows | None]]:
    """Give what a policy is prepared with, and the windows of a stream, where there is one.

    ``arrivals.json`` is written before every checkpoint, so that a run which goes on meets the same trajectories;
    ``samples.parquet`` has the draws and the age of every window.

    Raises:
        ConfigError: a policy whose windows have no one shape, or several processes that train together.
    """
    config = recipe.stream
    if not config.online:
        yield collected, None
        return
    if isinstance(policy, Collating):
        raise ConfigError(f"collect.online wants windows of one shape; {recipe.policy!r} joins those that differ")
    if options.group.size > 1:
        raise ConfigError("collect.online is for one training process; producers are --workers")
    shape = Shape(policy.observe, policy.horizon, policy.execute, device_of(policy))
    begin = partial(_begin, recipe, options)
    log = given_log(run, config.arrivals)
    windows = OnlineWindows(
        recipe.task, config, shape, recipe.seed, recipe.train.steps, begin, log, closed=bool(config.arrivals)
    )

    def keep() -> None:
        run.files.write_json(LOG, {"arrivals": [asdict(one) for one in windows.arrivals]})
        write_rows(run.path / SAMPLES, windows.rows())

    observer.before_checkpoint = keep
    try:
        yield windows.first(), windows
    finally:
        windows.close()


def given_log(run: RunDirectory, path: str) -> list[Arrival]:
    """Return the log that a run has to follow: the one that it was told, or its own, where it goes on.

    Raises:
        DataError: it is not there, or damaged.
    """
    if path:
        with reading(f"collect.arrivals={path} is no log of arrivals"):
            found, what = read_json(Path(path)), Path(path)
    elif run.named_last is not None and LOG in run.files.names("."):
        found, what = run.files.json(LOG), run.path / LOG
    else:
        return []
    kind = RunError if what.parent == run.path else DataError
    record = typed(ArrivalsRecord, found, str(what), kind)
    return [Arrival(one.trajectory, one.step, one.windows) for one in record.arrivals]


def _begin(recipe: Resolved, options: Options, first: int) -> Source:
    return source(recipe.task, recipe.seed, first, recipe.stream.together, options.workers, options.executor)
