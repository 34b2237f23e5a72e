"""Options that several verbs share, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Plugin = Annotated[str, typer.Option("--plugin", "-p", help="Method: a recipe or policy, such as mp1.")]
TaskName = Annotated[str | None, typer.Option("--task", "-t", help="Problem, such as metaworld/drawer-open.")]
Seed = Annotated[int, typer.Option("--seed", "-s", help="Seed of everything random.", min=0)]
Settings = Annotated[list[str] | None, typer.Option("--set", help="A setting, key=value; may be repeated.")]
Output = Annotated[Path, typer.Option("--output", "-o", help="Folder of run directories.")]
Device = Annotated[str, typer.Option("--device", help="auto, cpu, cuda or cuda:N.")]
Workers = Annotated[int, typer.Option("--workers", "-w", help="Processes for episodes; 0 decides.", min=0)]
Executor = Annotated[str, typer.Option("--executor", help="Who runs them: local, process, ray, ray:HOST:PORT, slurm.")]
Callbacks = Annotated[
    list[str] | None, typer.Option("--callback", help="An observer, such as tensorboard; may be repeated.")
]
Trust = Annotated[
    bool, typer.Option("--trust", help="Execute files of code that a recipe, sweep or run of others names.")
]
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Start again, even if the same run is there.")]
RunPath = Annotated[Path, typer.Argument(help="A run directory.", metavar="RUN")]
