"""How long a controller takes on a robot that drops, delays and breaks frames, and how many deadlines it misses.

    python benchmarks/policies/deployment.py [--ticks 200] [--rates 10 20 50]

The robot is the gantry of ``examples/09_a_robot_in_another_process.py``, in a process of its own, in real time: every
tenth frame is dropped, late, NaN, in millimetres, without points or renamed. The policy is MP1 at size ``small``, 64
points, with the weights that it starts from: what acting costs does not depend on the weights. It acts by PyTorch and,
exported, by ONNX Runtime, one thread each; a call's deadline is nine tenths of a tick. Writes ``deployment.json``.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import runpy
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import simplatform as sp
from simplatform.experiments.record import write_result
from simplatform.export import export_checkpoint

HERE = Path(__file__).parent
EXAMPLE = HERE.parents[1] / "examples" / "09_a_robot_in_another_process.py"
KINDS = ("dropped", "late", "nan", "millimetres", "no points", "renamed")
WAYS: dict[str, dict[str, Any]] = {
    "chunks": {}, "asked a tick ahead": {"ahead": 1}, "averaged every tick": {"chunks": "ensemble"},
}  # fmt: skip


def measured(what: Any, rate: float, ticks: int, **choices: Any) -> dict[str, Any]:
    """Drive the robot for so many ticks; return the controller's report."""
    faults = [(tick, KINDS[tick // 10 % len(KINDS)]) for tick in range(10, ticks, 10)]
    here, there = multiprocessing.Pipe()
    told = json.dumps([there.fileno(), 0, faults, True, rate, ticks])
    with (
        sp.deploy(what, rate=rate, **choices) as controller,
        subprocess.Popen([sys.executable, str(EXAMPLE), "--robot", told], pass_fds=[there.fileno()]),
    ):
        here.poll(60)  # until the robot is there
        controller.loop(lambda: _newest(here), here.send, ticks - 1)
        report = controller.report()
    return {**report, "faults": len(faults)}


def _newest(link: Any) -> Any:
    """Return the newest frame of the robot, or None where none has come since the last tick."""
    found = link.recv() if link.poll(1 / 200) else None
    while link.poll():
        found = link.recv()
    return found if isinstance(found, tuple) else None


def main() -> None:
    """Measure, and write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ticks", type=int, default=200)
    parser.add_argument("--rates", type=float, nargs="+", default=[10.0, 20.0, 50.0])
    parser.add_argument("--json", type=Path, default=HERE / "deployment.json")
    arguments = parser.parse_args()
    example = runpy.run_path(str(EXAMPLE))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "gantry.zarr"
        sp.save_demonstrations(example["demonstrations"](6), str(path))
        settings = {"env.path": str(path), "points": example["POINTS"], "train.steps": 0}
        run = sp.run("mp1", "replay", settings=settings, output=folder, until="fit")
        file = export_checkpoint(run.best, "onnx", Path(folder) / "policy.onnx")
        for engine, what in (("torch", run), ("onnx", file.path)):
            for way, choices in WAYS.items():
                for rate in arguments.rates:
                    report = measured(what, rate, arguments.ticks, hold=[0.0, 0.0, 0.0], **choices)
                    rows.append({"engine": engine, "way": way, "rate": rate, **report})
                    print(engine, way, rate, report["latency"], "missed", report["missed"], "held", report["held"])
    missing = {"interval": "times: median, 99 % and largest of all ticks instead", "seeds": "weights are not trained"}
    write_result(
        arguments.json, {"ticks": arguments.ticks, "samples": arguments.ticks - 1, "rows": rows}, missing=missing
    )


if __name__ == "__main__":
    main()
