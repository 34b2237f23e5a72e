"""``simplatform envs`` and ``simplatform tasks``: what there is to act in."""

from __future__ import annotations

from typing import Annotated

import typer

from simplatform.cli import options


def envs(json: options.Json = False) -> None:
    """List the environments, for ``gymnasium.make`` and for tasks."""
    _list("environment", "", json)


def tasks(
    contains: Annotated[str, typer.Argument(help="Show only names or descriptions that contain this.")] = "",
    json: options.Json = False,
) -> None:
    """List the tasks: environment, expert, metric."""
    _list("task", contains, json)


def _list(kind: str, contains: str, json: bool) -> None:
    from simplatform.cli.console import print_json, print_table
    from simplatform.plugin_host.host import get_host

    found = [entry for entry in get_host().registry(kind) if contains in entry.name or contains in entry.help]
    if json:
        print_json(
            {"schema_version": 1, f"{kind}s": [{"name": e.name, "plugin": e.plugin, "help": e.help} for e in found]}
        )
        return
    print_table("", [kind, "plugin", ""], [[entry.name, entry.plugin, entry.help] for entry in found])
