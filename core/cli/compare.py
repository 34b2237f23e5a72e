"""``simplatform compare``: runs side by side, paired on the same episodes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simplatform.cli import options


def command(
    runs: Annotated[
        list[Path], typer.Argument(help="Evaluated runs; one is enough where it measured opponents.", metavar="RUN...")
    ],
    rivals: Annotated[
        bool, typer.Option("--rivals", help="Train the tasks' rivals (opponents that need training) beside RUN first.")
    ] = False,
    device: options.Device = "auto",
    workers: options.Workers = 0,
    json: options.Json = False,
) -> None:
    """Compare runs: metrics with intervals, latency, parameters, and paired tests against the first.

    Runs are tested on the episodes that both met; methods with two or more runs in common on those runs. The opponents
    that a run measured are rows as well.
    """
    from simplatform.cli.console import console, print_json, print_table
    from simplatform.experiments.comparison import compare
    from simplatform.experiments.rivals import with_rivals
    from simplatform.runs.rundir import RunDirectory

    directories = [RunDirectory.open(path) for path in runs]
    if rivals:
        with console() as shown:
            directories = with_rivals(directories, device, workers, shown)
    found = compare(directories)
    if json:
        print_json({"schema_version": 1, **found})
        return
    single = len({row["task"] for row in found["runs"]}) == 1
    for rows in filter(None, found.values()):
        header = [key for key in rows[0] if key != "task" or not single]
        print_table("", header, [[str(row[key]) for key in header] for row in rows])
