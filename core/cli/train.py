"""``simplatform train``: collect and fit, without an evaluation."""

from __future__ import annotations

from pathlib import Path

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
    callback: options.Callbacks = None,
    fresh: options.Fresh = False,
    json: options.Json = False,
) -> None:
    """Collect demonstrations and fit a policy."""
    request = request_of(None, plugin, task, seed, set_)
    start(
        request,
        json,
        "fit",
        output=output,
        device=device,
        workers=workers,
        callbacks=tuple(callback or ()),
        fresh=fresh,
    )
