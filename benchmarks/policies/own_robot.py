"""From recordings to a controller by the commands of the page "Your own robot", timed, and what it is worth.

    python benchmarks/policies/own_robot.py [--steps 2500] [--demonstrations 40]

The recordings are those of the gantry of ``examples/09_a_robot_in_another_process.py``. Each command runs in a process
of its own, as a user's does: ``inspect``, ``run --plugin mp1 --task replay`` with all settings as they are by default
(but for ``--steps``), ``export``. Then the controller, of the run and of the ONNX file, drives the gantry in another
process to two targets that no recording has, with and without broken frames. Writes ``own_robot.json``.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import runpy
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

import simplatform as sp
from simplatform.experiments.record import write_result

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "09_a_robot_in_another_process.py"
TARGETS = 2


def ran(folder: Path, *arguments: str) -> tuple[float, str]:
    """Run a command of simplatform; return its seconds and what it said."""
    environment = {**os.environ, "SIMPLATFORM_CACHE": str(folder / "cache"), "COLUMNS": "200"}
    start = time.perf_counter()
    command = [sys.executable, "-m", "simplatform.cli", *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True)
    return time.perf_counter() - start, done.stdout + done.stderr


def driven(example: dict[str, Any], what: Any, faults: dict[int, str]) -> list[float]:
    """Return the distances that a controller leaves, m."""
    with sp.deploy(what, rate=example["RATE"], deadline=60.0) as controller:
        return [example["reach"](controller, seed, faults) for seed in range(TARGETS)]


def measured(steps: int, count: int, folder: Path) -> dict[str, Any]:
    """Follow the page."""
    example, seconds = runpy.run_path(str(EXAMPLE)), {}
    start = time.perf_counter()
    sp.save_demonstrations(example["demonstrations"](count), str(folder / "gantry.zarr"))
    seconds["record"] = time.perf_counter() - start
    seconds["inspect"], _ = ran(folder, "inspect", "gantry.zarr")
    more = () if steps == 2500 else ("--set", f"train.steps={steps}")
    wanted = ("run", "--plugin", "mp1", "--task", "replay", "--set", "env.path=gantry.zarr", *more)
    seconds["run"], said = ran(folder, *wanted)
    run = folder / re.findall(r"report: (.*)/report.html", said)[-1]
    seconds["export"], _ = ran(folder, "export", str(run))
    left = {}
    for name, what in (("run", run), ("onnx", run / "policy.onnx")):
        start = time.perf_counter()
        for way, faults in (("whole frames", {}), ("broken frames", example["FAULTS"])):
            left[f"{name}, {way}"] = driven(example, what, faults)
        seconds[f"drive ({name})"] = time.perf_counter() - start
    error = json.loads((run / "eval/summary.json").read_text())["splits"]["test"]["metrics"]["action_error"]
    return {
        "steps": steps, "demonstrations": count, "samples": TARGETS, "action_error": error,
        "seconds": {name: round(value, 1) for name, value in seconds.items()},
        "minutes": round(sum(seconds.values()) / 60, 2),
        "left_mm": {name: [round(1000 * one, 1) for one in values] for name, values in left.items()},
        "mean_left_mm": {name: round(1000 * float(np.mean(values)), 1) for name, values in left.items()},
    }  # fmt: skip


def main() -> None:
    """Measure, and write the result."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--steps", type=int, default=2500)
    options.add_argument("--demonstrations", type=int, default=40)
    options.add_argument("--json", type=Path, default=HERE / "own_robot.json")
    chosen = options.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measured(chosen.steps, chosen.demonstrations, Path(folder))
    missing = {"seeds": "one training: the page is followed once", "interval": "the distances left are all listed"}
    write_result(chosen.json, found, missing=missing)
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
