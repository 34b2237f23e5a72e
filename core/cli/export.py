"""``simplatform export``: a policy as one file, for a controller without this package."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from simplatform.cli import options


class Format(StrEnum):
    """File formats."""

    onnx = "onnx"
    torch_export = "torch-export"


def command(
    run: options.RunPath,
    format: Annotated[Format, typer.Option("--format", "-f", help="File format.")] = Format.onnx,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="File to write; default: in the run.")] = None,
    json: options.Json = False,
) -> None:
    """Write the policy of a run as one file, normalisation inside, and compare its answers with the policy's."""
    from simplatform.cli.console import echo, print_json
    from simplatform.export import export_run, to_json
    from simplatform.runs.rundir import RunDirectory

    exported = export_run(RunDirectory.open(run), format.value, output)
    if json:
        print_json({"schema_version": 1, **to_json(exported)})
        return
    echo(f"exported: {exported.path} (largest relative difference {exported.difference:.1e})")
    for name, shape in exported.inputs.items():
        echo(f"  input {name} {list(shape)}")
    echo(f"  output action {list(exported.output)}, of which {exported.execute} are carried out")
