"""Evaluate in a loop and watch the memory: the slope of the resident set over time, with its 95 % interval.

    python benchmarks/faults/memory.py [--minutes 120] [--task metaworld/reach]

Writes ``memory.json`` beside itself. The first tenth of the time warms up and is left out of the fit.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
PAGE = os.sysconf("SC_PAGE_SIZE")


def resident() -> float:
    """Return the resident set in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


def main() -> None:
    """Run the expert of a task again and again, and fit a line."""
    from simplatform.environments import make_env, make_expert
    from simplatform.pipeline.evaluate import evaluate_policy
    from simplatform.recipes import find_task

    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--minutes", type=float, default=120)
    options.add_argument("--task", default="metaworld/reach")
    chosen = options.parse_args()
    task = find_task(chosen.task)
    env = make_env(task, "test")
    start, seed, points = time.monotonic(), 0, []
    while (elapsed := time.monotonic() - start) < 60 * chosen.minutes:
        evaluate_policy(make_expert(task, env), env, task, episodes=1, seed=seed)
        seed += 1
        points.append((elapsed / 3600, resident()))
    hours, sizes = np.array([point for point in points if point[0] * 60 > 0.1 * chosen.minutes]).T
    (slope, _), covariance = np.polyfit(hours, sizes, 1, cov=True)
    half = 1.96 * float(np.sqrt(covariance[0, 0]))
    table = {
        "command": f"python benchmarks/faults/memory.py --minutes {chosen.minutes:g} --task {chosen.task}",
        "minutes": chosen.minutes, "episodes": seed, "first_mib": round(float(sizes[0]), 1),
        "last_mib": round(float(sizes[-1]), 1), "slope_mib_per_hour": round(float(slope), 3),
        "interval_95": [round(float(slope) - half, 3), round(float(slope) + half, 3)],
        "python": platform.python_version(), "machine": platform.machine(),
    }  # fmt: skip
    (HERE / "memory.json").write_text(json.dumps(table, indent=2) + "\n")
    print(json.dumps(table, indent=2))


if __name__ == "__main__":
    main()
