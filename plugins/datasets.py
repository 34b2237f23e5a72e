"""Demonstrations to and from Minari and DP3's zarr layout on the command line."""

from __future__ import annotations

from simplatform import hookimpl


@hookimpl
def register_commands(register):
    register("convert", "simplatform.cli.convert:command", help="Convert demonstrations: ours, Minari's, DP3's zarr.")
