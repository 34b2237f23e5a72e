"""``simplatform convert``: demonstrations from one format to another."""

from __future__ import annotations

from typing import Annotated

import typer

from simplatform.cli import options


def command(
    source: Annotated[
        str,
        typer.Argument(help="Ours, a .zarr or .zip of DP3, LeRobot's folder, an .hdf5 of robomimic, or a Minari id."),
    ],
    target: Annotated[
        str, typer.Argument(help="A new .zarr or .lerobot folder, an .hdf5, or a Minari id such as mine/drawer-v0.")
    ],
    json: options.Json = False,
) -> None:
    """Convert demonstrations between ours, Minari's, DP3's, LeRobot's and robomimic's format; what is lost is said."""
    from simplatform.cli.console import echo, print_json
    from simplatform.demonstrations.formats import open_demonstrations, save_demonstrations
    from simplatform.demonstrations.losses import losses

    demonstrations = open_demonstrations(source)
    path = save_demonstrations(demonstrations, target)
    lost = losses(demonstrations, open_demonstrations(path))
    if json:
        print_json({"path": path, "episodes": len(demonstrations), "steps": demonstrations.steps, "lost": lost})
    else:
        echo(f"{len(demonstrations)} episodes, {demonstrations.steps} steps: {path}")
        for line in lost:
            echo(f"  without {line}")
