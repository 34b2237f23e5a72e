"""Demonstrations to and from Minari and DP3's zarr layout on the command line."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_commands(register: Register) -> None:
    register("convert", "simplatform.cli.convert:command", help="Convert demonstrations: ours, Minari's, DP3's zarr.")
