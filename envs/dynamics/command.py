"""``simplatform inspect``: what is understood of a file of series or trajectories, before anything works with it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from simplatform.cli import options


def command(
    file: Annotated[Path, typer.Argument(help="A series or trajectories: .npz, .csv, or a Minari dataset.")],
    json: options.Json = False,
) -> None:
    """Say what is understood of a file of measurements: columns, units, time step, gaps, what is left out."""
    found = inspected(str(file))
    if json:
        from simplatform.cli.console import print_json

        print_json({"schema_version": 1, **found})
        return
    typer.echo(f"{file}: for the task {found['task']}")
    for line in found["said"]:
        typer.echo(f"  {line}")


def inspected(path: str) -> dict[str, Any]:
    """Return the task that a file is for, the shape of its states, its time step where it has one, and what is said.

    Raises:
        DataError: it holds neither a series nor trajectories.
    """
    from simplatform.envs.dynamics.recorded import is_series, read_series, read_trajectories

    if is_series(path):
        series = read_series(path)
        return {"task": "series", "shape": list(series.states.shape), "step": series.step, "said": list(series.said)}
    recorded = read_trajectories(path)
    return {"task": "trajectories", "shape": list(recorded.states.shape), "said": list(recorded.said)}
