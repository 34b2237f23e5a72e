"""``simplatform sweep``: plugins × tasks × seeds × settings, restarted where it stopped."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from simplatform.cli import options


def command(
    file: Annotated[Path, typer.Argument(help="A sweep file (TOML): plugins, tasks, seeds, [settings], [grid].")],
    output: options.Output = Path("runs"),
    device: options.Device = "auto",
    workers: options.Workers = 1,
    executor: options.Executor = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the runs and stop; refuses what the sweep refuses.")
    ] = False,
    trust: options.Trust = False,
    json: options.Json = False,
) -> None:
    """Run every combination; runs that are done are reused, interrupted ones are continued."""
    from dataclasses import asdict

    from simplatform.cli.console import console, print_json
    from simplatform.experiments.sweep import pooled, read_sweep, rehearsed, sweep, table

    shards = read_sweep(file, output.absolute(), device, trust=trust)
    if dry_run:
        rehearsed(shards, executor)
        print_json({"schema_version": 1, "runs": [asdict(shard) for shard in shards]})
        return
    with console() as shown:
        shown.progress("sweep", 0, len(shards))
        outcomes = sweep(
            shards, workers=workers, kind=executor, on_run=lambda done: shown.progress("sweep", done, len(shards))
        )
    rows, groups = table(outcomes), pooled(outcomes)
    if json:
        print_json({"schema_version": 1, "runs": rows, "pooled": groups})
    else:
        _print(rows, groups)
    if any(outcome.error for outcome in outcomes):
        raise typer.Exit(1)


def _print(rows: list[dict[str, Any]], groups: list[dict[str, Any]]) -> None:
    from simplatform.cli.console import print_table

    failed = any(row["error"] for row in rows)
    header = [key for key in rows[0] if key != "error" or failed]
    print_table("runs", header, [[str(row[key]) for key in header] for row in rows])
    if groups:
        print_table("all seeds together", list(groups[0]), [[str(value) for value in row.values()] for row in groups])
