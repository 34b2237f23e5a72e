"""``simplatform move``: move the vertices of a user's mesh by a monitor function."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from simplatform.cli import options


def command(
    mesh: Annotated[Path, typer.Argument(help="The mesh, in any format that meshio reads. It is not changed.")],
    monitor: Annotated[Path, typer.Option("--monitor", "-m", help="Mesh file with a nodal field, .npy, .txt or .csv.")],
    plugin: Annotated[
        str, typer.Option("--plugin", "-p", help="A mover: monge-ampere, spring, um2n, …")
    ] = "monge-ampere",
    run: Annotated[
        Path | None,
        typer.Option("--run", help="A trained run; else the newest in runs/, else shipped weights."),
    ] = None,
    field: Annotated[str | None, typer.Option("--field", help="Name of the monitor's field in its file.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write; not the input.")] = Path("moved.vtu"),
    figure: Annotated[
        Path | None, typer.Option("--figure", help="Picture of before and after (.png, .svg, .pdf).")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the mover, such as share=0.8; may be repeated.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Move a mesh so that its vertices gather where the monitor is high; no cell is ever inverted."""
    from simplatform.cli.console import echo, print_json
    from simplatform.envs.mesh import moving
    from simplatform.recipes import acting_settings

    result = moving.move_files(
        mesh,
        monitor,
        plugin=plugin,
        run=run,
        field=field,
        output=output,
        figure=figure,
        settings=acting_settings(set_ or ()),
    )
    if json:
        print_json({"schema_version": 1, **result})
        return
    echo(_sentence(result))


def _sentence(result: dict[str, Any]) -> str:
    limited = f", limited at {result['limited_share']:.1%} of vertices" if result["limited"] else ""
    return (
        f"{result['output']}: {result['vertices']} vertices, largest displacement {result['largest']:.4g}, "
        f"worst cell quality {result['quality_before']:.2f} → {result['quality_after']:.2f}{limited}"
    )
