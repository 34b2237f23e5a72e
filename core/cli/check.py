"""``simplatform check``: does a plugin's policy, environment, solver or task meet the contract?"""

from __future__ import annotations

from typing import Annotated

import typer

from simplatform.cli import options


def command(
    name: Annotated[str, typer.Argument(help="A policy, environment, solver or task.")],
    task: options.TaskName = None,
) -> None:
    """Check that a registered name keeps its contract; a policy is checked on a task (its recipe's, or --task)."""
    from simplatform.testing import check_registered

    for line in check_registered(name, task):
        typer.echo(line)
