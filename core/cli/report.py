"""``simplatform report``: write the report of a run again."""

from __future__ import annotations

from simplatform.cli import options


def command(run: options.RunPath, json: options.Json = False) -> None:
    """Write report.html, its pictures and CARD.md of an evaluated run."""
    from simplatform.cli.console import echo, print_json
    from simplatform.report import write_report
    from simplatform.runs.rundir import RunDirectory

    path = write_report(RunDirectory.open(run))
    if json:
        print_json({"report": path})
    else:
        echo(f"report: {path}")
