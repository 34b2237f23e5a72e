"""``simplatform new plugin``: a package of one's own, from nothing."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from simplatform.cli import options


class What(StrEnum):
    """What can be written anew."""

    plugin = "plugin"


class Kind(StrEnum):
    """Kinds of plugins."""

    policy = "policy"
    env = "env"
    task = "task"
    solver = "solver"


def command(
    what: Annotated[What, typer.Argument(help="What to write: plugin.")],
    name: Annotated[str, typer.Argument(help="Its name: lower-case letters, digits, hyphens.")],
    kind: Annotated[Kind, typer.Option("--kind", "-k", help="What the plugin adds.")] = Kind.policy,
    task: Annotated[
        str, typer.Option("--task", "-t", help="Task that a policy or task starts from.")
    ] = "metaworld/reach",
    output: Annotated[Path, typer.Option("--output", "-o", help="Folder that receives simplatform-NAME.")] = Path(),
    json: options.Json = False,
) -> None:
    """Write a plugin that installs, is typed, and passes its own tests untouched."""
    from simplatform.cli.console import echo, print_json
    from simplatform.scaffold import new_plugin

    path = new_plugin(name, kind.value, output, task)
    if json:
        print_json({"schema_version": 1, "path": path})
        return
    echo(f"wrote {path}\nnext: pip install -e '{path}[dev]' && cd {path} && pytest")
