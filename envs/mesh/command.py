"""``simplatform move``: move the vertices of a user's mesh by a monitor function."""

from __future__ import annotations

from math import degrees
from pathlib import Path
from typing import Annotated, Any

import typer

from simplatform.cli import options


def command(
    mesh: Annotated[Path, typer.Argument(help="The mesh, in any format that meshio reads. It is not changed.")],
    monitor: Annotated[Path, typer.Option("--monitor", "-m", help="Mesh file with a nodal field, .npy, .txt or .csv.")],
    plugin: Annotated[
        str,
        typer.Option("--plugin", "-p", help="A mover: spring, um2n, …; auto: the best classical one."),
    ] = "auto",
    run: Annotated[
        Path | None,
        typer.Option("--run", help="A trained run; else the newest in runs/, else shipped weights."),
    ] = None,
    field: Annotated[str | None, typer.Option("--field", help="Name of the monitor's field in its file.")] = None,
    component: Annotated[
        str | None, typer.Option("--component", help="Of a vector field: a number from 0, or norm.")
    ] = None,
    time: Annotated[float | None, typer.Option("--time", help="Of a series: which time.")] = None,
    hold: Annotated[
        list[str] | None, typer.Option("--hold", help="A group whose vertices stay; may be repeated.")
    ] = None,
    free: Annotated[
        list[str] | None, typer.Option("--free", help="A group of the inside that need not keep its place.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Move even where the mesh gets no better.")] = False,
    output: Annotated[Path, typer.Option("--output", "-o", help="File to write; not the input.")] = Path("moved.vtu"),
    figure: Annotated[
        Path | None, typer.Option("--figure", help="Picture of before and after (.png, .svg, .pdf).")
    ] = None,
    remesh: Annotated[
        bool, typer.Option("--remesh", help="Make the mesh anew by MMG, at no more vertices; cells change.")
    ] = False,
    solution: Annotated[
        bool, typer.Option("--solution", help="With --remesh: the field is a solution whose error is to fall.")
    ] = False,
    rounds: Annotated[int, typer.Option("--rounds", help="With --remesh: how often, the field carried over.")] = 1,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="A setting of the mover, such as share=0.8; may be repeated.")
    ] = None,
    json: options.Json = False,
) -> None:
    """Move a mesh so that its vertices gather where the monitor is high; no cell is ever inverted.

    The file comes back as it was but for coordinates; what its tags name (boundaries, interfaces, lines, points) holds.
    """
    from simplatform.cli.console import echo, print_json
    from simplatform.envs.mesh import moving
    from simplatform.errors import UsageError
    from simplatform.recipes import acting_settings

    if remesh:
        _remesh(json, (mesh, monitor), output, solution=solution, rounds=rounds, field=field, component=component,
                time_=time, hold=tuple(hold or ()))  # fmt: skip
        return
    if solution or rounds != 1:
        raise UsageError("--solution and --rounds are read with --remesh; movers see a monitor")
    result = moving.move_files(
        mesh,
        monitor,
        plugin=plugin,
        run=run,
        field=field,
        output=output,
        figure=figure,
        settings=acting_settings(set_ or ()),
        reading=moving.Reading(field, component, time, tuple(hold or ()), tuple(free or ())),
        force=force,
    )
    if json:
        print_json({"schema_version": 1, **result})
        return
    echo(_sentence(result))


def _remesh(json: bool, files: tuple[Path, Path], output: Path, **how: Any) -> None:
    from simplatform.cli.console import echo, print_json
    from simplatform.envs.mesh.remaking import remesh_files

    result = remesh_files(*files, output=output, **how)
    if json:
        print_json({"schema_version": 1, **result})
        return
    echo(
        f"{result['output']}: {result['vertices']} vertices by mmg ({result['vertices_before']} before), "
        f"estimate of the squared error {result['estimate_after'] / result['estimate_before']:.2f} of before, "
        f"worst cell quality {result['quality_before']:.2f} → {result['quality_after']:.2f}, {_angles(result)}"
    )


def _sentence(result: dict[str, Any]) -> str:
    mover = result["mover"] or "the run"
    if "weights" in result:
        mover += f", weights {result['weights']} ({result['weights_digest']})"
    if not result["share"]:
        return (
            f"{result['output']}: not moved. {mover} would not make this mesh better under the monitor without "
            "spoiling its cells; --force does it all the same"
        )
    parts = [
        f"{result['output']}: {result['vertices']} vertices by {mover}",
        "" if result["share"] == 1 else f"{result['share']:.0%} of the way",
        f"largest displacement {result['largest']:.4g}",
        f"unevenness {result['unevenness_before']:.2f} → {result['unevenness_after']:.2f}",
        f"worst cell quality {result['quality_before']:.2f} → {result['quality_after']:.2f}",
        _angles(result),
        f"limited at {result['limited_share']:.1%} of vertices" if result["limited"] else "",
        f"{result['unused_points']} points that no cell uses kept" if result["unused_points"] else "",
    ]
    return ", ".join(part for part in parts if part)


def _angles(result: dict[str, Any]) -> str:
    before, after = result["smallest_angle_before"], result["smallest_angle_after"]
    return (
        "" if before is None or before != before else f"smallest angle {degrees(before):.0f}° → {degrees(after):.0f}°"
    )
