"""``simplatform collect``: collect demonstrations only."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simplatform.cli import options
from simplatform.cli.run import request_of, start


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
    allocate: Annotated[
        str | None,
        typer.Option(help="Share out among a task's variants: uniform, or prop2diff (more of the hard ones)."),
    ] = None,
    json: options.Json = False,
) -> None:
    """Collect (or find) the demonstrations of a task."""
    settings = [*(set_ or []), *([f"task.allocate={allocate}"] if allocate is not None else [])]
    request = request_of(None, plugin, task, seed, settings)
    start(request, json, "collect", output=output, device=device, workers=workers, executor=executor, fresh=fresh)
