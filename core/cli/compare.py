"""``simplatform compare``: runs side by side, paired on the same episodes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simplatform.cli import options


def command(
    runs: Annotated[list[Path], typer.Argument(help="Two or more evaluated runs.", metavar="RUN...")],
    json: options.Json = False,
) -> None:
    """Compare runs: metrics with intervals, latency, parameters, and paired tests against the first.

    Runs are tested on the episodes that both met; methods with two or more runs in common on those runs.
    """
    from simplatform.cli.console import print_json, print_table
    from simplatform.experiments.comparison import compare
    from simplatform.runs.rundir import RunDirectory

    found = compare([RunDirectory.open(path) for path in runs])
    if json:
        print_json({"schema_version": 1, **found})
        return
    single = len({row["task"] for row in found["runs"]}) == 1
    for rows in filter(None, found.values()):
        header = [key for key in rows[0] if key != "task" or not single]
        print_table("", header, [[str(row[key]) for key in header] for row in rows])
