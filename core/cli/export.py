"""``simplatform export``: a policy as one file for a controller, or what it found in a form to take away."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from simplatform.cli import options


def command(
    run: options.RunPath,
    format: Annotated[
        str,
        typer.Option(
            "--format",
            "-f",
            help="onnx, torch-export, torchscript, or one that a plugin registers (equations, forecast, …).",
        ),
    ] = "onnx",
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write; default: in the run.")] = None,
    opset: Annotated[int | None, typer.Option("--opset", help="Version of ONNX's operators.")] = None,
    json: options.Json = False,
) -> None:
    """Write a policy as one file, its answers compared, or what a run found: equations, code, a forecast.

    For a policy, the run or its checkpoint is enough: neither environment nor data is needed.
    """
    from simplatform.cli.console import echo, print_json
    from simplatform.errors import UnknownName
    from simplatform.export import FORMATS, export_checkpoint, export_run, registered, to_json
    from simplatform.runs.rundir import RunDirectory

    known = registered.formats()
    if format not in (*FORMATS, *known):
        raise UnknownName("export format", format, [*FORMATS, *known])
    if format in known:
        path, said = registered.write_registered(RunDirectory.open(run), format, output)
        if json:
            print_json({"schema_version": 1, "path": str(path), "format": format, "said": said})
            return
        echo(f"exported: {path}")
        for line in said:
            echo(f"  {line}")
        return
    if (run / "policy.json").exists():
        exported = export_checkpoint(run, format, output, opset)
    else:
        exported = export_run(RunDirectory.open(run), format, output, opset)
    if json:
        print_json({"schema_version": 1, **to_json(exported)})
        return
    echo(f"exported: {exported.path} (largest relative difference {exported.difference:.1e})")
    for name, shape in exported.inputs.items():
        echo(f"  input {name} {list(shape)}")
    echo(f"  output action {list(exported.output)}, of which {exported.execute} are carried out")
