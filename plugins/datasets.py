"""Demonstrations in the formats of others: zarr of DP3, LeRobot, robomimic, Minari; a command that converts them."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_formats(register: Register) -> None:
    home = "simplatform.envs.recorded.formats"
    register("dp3-zarr", f"{home}.zarr:ZarrFormat", help="DP3's zarr layout: .zarr, .zip")
    register("lerobot", f"{home}.lerobot:LeRobotFormat", help="LeRobot: a folder (v2 and v3 read), .lerobot")
    register("robomimic", f"{home}.robomimic:RobomimicFormat", help="robomimic's .hdf5, to read")
    register("minari", f"{home}.minari:MinariFormat", help="a Minari id, or its folder")


@hookimpl
def register_commands(register: Register) -> None:
    register("convert", "simplatform.cli.convert:command", help="Convert demonstrations: ours, Minari's, DP3's zarr.")
