"""How long the whole of ``simplatform run --plugin mixer`` takes: collect, train, adapt, evaluate, report.

    python benchmarks/dynamics/whole_run.py            # seeds 0 1 2; writes whole_run.json beside this file

Every run is a process of its own in an empty folder, as a user starts it. The load of the machine before the start is
written beside the wall time, since other processes lengthen it.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from simplatform.experiments.record import write_result

COMMAND = ["simplatform", "run", "--plugin", "mixer", "--json"]
PATH = Path(__file__).with_suffix(".json")


def measure(seed: int) -> dict[str, Any]:
    """Run once; return seconds of wall and processor, and what the run says of its errors."""
    load, before = os.getloadavg()[0], resource.getrusage(resource.RUSAGE_CHILDREN)
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        program = str(Path(sys.executable).with_name(COMMAND[0]))
        command = [program, *COMMAND[1:], "--seed", str(seed), "--output", folder]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        wall = time.perf_counter() - start
        summary = json.loads(done.stdout)
        report = [path.name for path in Path(folder).rglob("report.html")]
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    errors = {name: summary["splits"][name]["metrics"]["relative_mse"] for name in ("test", "ood")}
    return {
        "seed": seed, "wall_seconds": round(wall, 1), "cpu_seconds": round(spent, 1), "load_before": round(load, 2),
        "report": bool(report), "relative_mse": errors,
    }  # fmt: skip


def main() -> None:
    """Run, and write after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options = parser.parse_args()
    rows = []
    for seed in options.seeds:
        rows.append(measure(seed))
        print(rows[-1], flush=True)
        write_result(PATH, {"measured": shlex.join(COMMAND), "bar_seconds": 300, "rows": rows})


if __name__ == "__main__":
    main()
