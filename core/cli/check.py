"""``simplatform check``: does what a plugin registered meet the contract?"""

from __future__ import annotations

from typing import Annotated

import typer

from simplatform.cli import options


def command(
    name: Annotated[str, typer.Argument(help="A policy, environment, expert, solver, task, recipe or format.")],
    task: options.TaskName = None,
    device: Annotated[
        str, typer.Option("--device", help="Run it there, from collecting to exporting: pretend, cpu, cuda.")
    ] = "",
    set_: options.Settings = None,
    json: options.Json = False,
) -> None:
    """Check that a registered name keeps its contract; a policy is checked on a task (its recipe's, or --task).

    With --device pretend, a policy is run on a device that needs no hardware but has the rules of one. Settings make it
    small: --set policy.steps=2.
    """
    from simplatform.cli.console import echo, print_json
    from simplatform.recipes import parse_settings
    from simplatform.testing import check_registered

    lines = check_registered(name, task, device, parse_settings(set_ or []))
    if json:
        print_json({"schema_version": 1, "name": name, "kept": list(lines)})
        return
    for line in lines:
        echo(line)
