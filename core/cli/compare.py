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
    """Compare runs: metrics with intervals, latency, parameters, and a paired test against the first run."""
    from simplatform.cli.console import print_json, print_table
    from simplatform.comparison import compare
    from simplatform.rundir import RunDirectory

    rows = compare([RunDirectory.open(path) for path in runs])
    if json:
        print_json({"schema_version": 1, "runs": rows})
        return
    header = list(rows[0])
    print_table("", header, [[str(row[key]) for key in header] for row in rows])
