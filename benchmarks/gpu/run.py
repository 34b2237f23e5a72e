"""Everything that a GPU has to show, in at most seven minutes: parts with limits of their own, the most valuable first.

    python3 benchmarks/gpu/run.py                       # on one card (make gpu)
    python3 benchmarks/gpu/run.py --device pretend      # the same script, small, without one (make gpu-rehearsal)

Every part is a process that writes its own file as it goes, so that a cut loses only the tail. Nothing need be
installed but what ``make gpu-wheels`` gathers.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
LIMITS = {
    "card": 15, "correctness": 110, "latency": 60, "waits": 35, "training": 60, "throughput": 25, "meshes": 45,
    "integrators": 35, "fields": 30, "families": 40, "codes": 30, "order": 15,
}  # fmt: skip
"""Seconds of each part, in the order of their worth; 500 in all, of which the last ones may be lost."""
WHOLE = 415
"""Seconds of all parts together."""
PATIENCE = 20
"""Times as long that a rehearsal may take: it shows that all parts run, and no part may be left out of it."""


def main() -> None:
    """Run the parts, and say how each ended."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--device", default="cuda", help="cuda, or pretend for a rehearsal")
    options.add_argument("--output", type=Path, default=HERE / "results", help="folder of the files")
    options.add_argument("--parts", nargs="+", default=list(LIMITS), choices=list(LIMITS))
    options.add_argument("--seconds", type=float, help=f"for all parts together: {WHOLE}, or {PATIENCE} times as many")
    chosen = options.parse_args()
    whole = chosen.seconds
    if whole is None:
        whole = WHOLE * (PATIENCE if chosen.device == "pretend" else 1)
    chosen.output.mkdir(parents=True, exist_ok=True)
    start, ended = time.monotonic(), {}
    for part in chosen.parts:
        left = whole - (time.monotonic() - start)
        ended[part] = _run(part, chosen.device, chosen.output, min(LIMITS[part], left)) if left > 5 else "no time left"
        print(f"{part}: {ended[part]} ({time.monotonic() - start:.0f} s)", flush=True)
    (chosen.output / "ended.txt").write_text("".join(f"{part}: {word}\n" for part, word in ended.items()))
    fine = ("done",) if chosen.device == "pretend" and chosen.seconds is None else ("done", "cut", "no time left")
    sys.exit(any(word not in fine for word in ended.values()))


def _run(part: str, device: str, output: Path, seconds: float) -> str:
    """Run one part; returns "done", "cut", or how it failed."""
    rehearsal = device == "pretend"
    command = [sys.executable, str(HERE / "part.py"), part, "--device", device, "--output", str(output)]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "MUJOCO_GL": "disabled"}
    try:
        found = subprocess.run(
            command, timeout=PATIENCE * seconds if rehearsal else seconds, env=environment, check=False
        )
    except subprocess.TimeoutExpired:
        return "cut"
    return "done" if found.returncode == 0 else f"failed ({found.returncode})"


if __name__ == "__main__":
    main()
