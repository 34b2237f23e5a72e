"""``simplatform import``: bring a foreign checkpoint in, with the same numbers."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simplatform.cli import options


def command(
    file: Annotated[Path, typer.Argument(help="A .pt, .pth or .ckpt file of another program.")],
    plugin: options.Plugin,
    output: Annotated[Path, typer.Option("--output", "-o", help="Checkpoint folder to write.")],
    set_: options.Settings = None,
    json: options.Json = False,
) -> None:
    """Import a checkpoint of an official implementation; nothing in the file is executed."""
    from simplatform.cli.console import echo, print_json
    from simplatform.recipes import parse_settings
    from simplatform.runs.importing import import_checkpoint

    path = import_checkpoint(file, plugin, output, parse_settings(set_ or []))
    if json:
        print_json({"checkpoint": path})
    else:
        echo(f"checkpoint: {path}")
