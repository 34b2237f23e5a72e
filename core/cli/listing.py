"""``simplatform envs`` and ``simplatform tasks``: what there is to act in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from simplatform.cli import options

if TYPE_CHECKING:
    from simplatform.plugin_host.registry import Entry


def envs(json: options.Json = False) -> None:
    """List the environments, for ``gymnasium.make`` and for tasks."""
    from simplatform.cli.console import print_table

    found = _found("environment", "")
    if not _printed("environment", found, json):
        print_table("", ["environment", "plugin", ""], [[entry.name, entry.plugin, entry.help] for entry in found])


def tasks(
    contains: Annotated[
        str, typer.Argument(help="Show only names or descriptions that contain this, all of them.")
    ] = "",
    json: options.Json = False,
) -> None:
    """List the tasks by environment; ``show TASK`` tells expert and metrics of one."""
    from simplatform.cli.console import print_groups
    from simplatform.cli.groups import folded, tasks_by_environment

    found = _found("task", contains)
    if _printed("task", found, json):
        return
    groups = tasks_by_environment(found)
    every = {about: [(task.name, task.help) for task in own] for about, own in groups.items()}
    print_groups(every if contains else {about: folded(own) for about, own in groups.items()})


def _found(kind: str, contains: str) -> list[Entry]:
    from simplatform.plugin_host.host import get_host

    return [entry for entry in get_host().registry(kind) if contains in entry.name or contains in entry.help]


def _printed(kind: str, found: list[Entry], json: bool) -> bool:
    from simplatform.cli.console import print_json

    if json:
        print_json(
            {"schema_version": 1, f"{kind}s": [{"name": e.name, "plugin": e.plugin, "help": e.help} for e in found]}
        )
    return json
