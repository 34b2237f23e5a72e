"""``simplatform collect``: collect demonstrations only."""

from __future__ import annotations

from pathlib import Path

from simplatform.cli import options
from simplatform.cli.run import start


def command(
    plugin: options.Plugin,
    task: options.TaskName = None,
    seed: options.Seed = 0,
    set_: options.Settings = None,
    output: options.Output = Path("runs"),
    device: options.Device = "auto",
    workers: options.Workers = 0,
    executor: options.Executor = "",
    fresh: options.Fresh = False,
    json: options.Json = False,
) -> None:
    """Collect (or find) the demonstrations of a task."""
    until = "collect"
    start(None, plugin, task, seed, set_, output, device, workers, fresh, False, json, until=until, executor=executor)
