"""``simplatform convert``: demonstrations from one format to another."""

from __future__ import annotations

from typing import Annotated

import typer

from simplatform.cli import options


def command(
    source: Annotated[
        str,
        typer.Argument(help="A folder of demonstrations, a .zarr or .zip of DP3, a LeRobot v3 folder, or a Minari id."),
    ],
    target: Annotated[
        str, typer.Argument(help="A new .zarr or .lerobot folder, or a Minari id such as mine/drawer-v0.")
    ],
    json: options.Json = False,
) -> None:
    """Convert demonstrations between ours, Minari's, DP3's zarr and LeRobot's format."""
    from simplatform.cli.console import echo, print_json
    from simplatform.demonstrations.formats import open_demonstrations, save_demonstrations

    demonstrations = open_demonstrations(source)
    path = save_demonstrations(demonstrations, target)
    if json:
        print_json({"path": path, "episodes": len(demonstrations), "steps": demonstrations.steps})
    else:
        echo(f"{len(demonstrations)} episodes, {demonstrations.steps} steps: {path}")
