"""``simplatform inspect``: what is understood of a file of data, before anything works with it."""

from __future__ import annotations

from typing import Annotated

import typer

from simplatform.cli import options


def command(
    source: Annotated[str, typer.Argument(help="A file or folder of recordings, or the name of a data set.")],
    json: options.Json = False,
) -> None:
    """Say what is understood of data: what is taken and left out, ranges, rate, doubts, for each task that it fits."""
    from simplatform.cli.console import echo, print_json, print_table
    from simplatform.pipeline.inspecting import inspected

    found = inspected(source)
    if json:
        tasks = [{"task": task, **one.as_json()} for task, one in found.items()]
        print_json({"schema_version": 1, "source": source, "tasks": tasks})
        return
    for task, one in found.items():
        echo(f"{source}: for the task {task}")
        for line in one.said:
            echo(f"  {line}")
        if one.rows:
            print_table("", list(one.columns), [list(row) for row in one.rows])
