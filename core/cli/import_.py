"""``simplatform import``: bring a foreign checkpoint in, with the same numbers; or say what data hold."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simplatform.cli import inspect, options


def command(
    file: Annotated[Path, typer.Argument(help="A .pt, .pth or .ckpt file of another program, or a file of data.")],
    plugin: Annotated[str, typer.Option("--plugin", "-p", help="The method whose checkpoint it is.")] = "",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Checkpoint folder to write.")] = None,
    set_: options.Settings = None,
    json: options.Json = False,
) -> None:
    """Import a checkpoint of an official implementation, nothing in it executed; without --plugin, inspect a data file.

    Data need no import: tasks read the file where it lies. What they understand of it is said, as by `inspect`.
    """
    from simplatform.cli.console import echo, print_json
    from simplatform.errors import UsageError
    from simplatform.recipes import parse_settings
    from simplatform.runs.importing import import_checkpoint

    if not plugin:
        if output is not None or file.suffix in (".pt", ".pth", ".ckpt"):
            raise UsageError(f"say whose checkpoint {file} is: --plugin NAME, and --output FOLDER")
        inspect.command(str(file), json)
        return
    if output is None:
        raise UsageError(f"say where the checkpoint of {plugin} is to be written: --output FOLDER")
    path = import_checkpoint(file, plugin, output, parse_settings(set_ or []))
    if json:
        print_json({"checkpoint": path})
    else:
        echo(f"checkpoint: {path}")
