"""Evaluate a policy in a loop and watch the memory: the slope of the resident set over time, with its 95 % interval.

    python benchmarks/faults/memory.py [--minutes 120] [--plugin mp1] [--task metaworld/reach]

Trains the policy for a few steps (what it knows does not matter here), then evaluates it in episode after episode, in
one process. Writes ``memory.json`` beside itself. The first tenth of the time warms up and is left out of the fit.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from simplatform.experiments.record import write_result

HERE = Path(__file__).parent
PAGE = os.sysconf("SC_PAGE_SIZE")
SETTINGS = {"train.steps": 20, "task.demonstrations": 1, "task.validation": 0}
"""Enough to have a policy."""


def resident() -> float:
    """Return the resident set in MiB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE / 2**20


def evaluate(plugin: str, task_name: str, minutes: float) -> list[tuple[float, float]]:
    """Evaluate for that long; returns hours passed and MiB resident after each episode."""
    import simplatform as sp
    from simplatform.pipeline.environments import make_env
    from simplatform.pipeline.evaluate import evaluate_policy
    from simplatform.recipes import find_task

    with tempfile.TemporaryDirectory() as folder:
        policy = sp.load(sp.run(plugin, task_name, settings=SETTINGS, output=folder, until="fit", device="cpu").best)
    task = find_task(task_name)
    env = make_env(task, "test")
    start, points = time.monotonic(), []
    while (elapsed := time.monotonic() - start) < 60 * minutes:
        evaluate_policy(policy, env, task, episodes=1, seed=len(points))
        points.append((elapsed / 3600, resident()))
    return points


def table(points: list[tuple[float, float]], chosen: argparse.Namespace) -> dict[str, Any]:
    """Fit a line to what came after the warm-up."""
    hours, sizes = np.array([point for point in points if point[0] * 60 > 0.1 * chosen.minutes]).T
    (slope, _), covariance = np.polyfit(hours, sizes, 1, cov=True)
    half = 1.96 * float(np.sqrt(covariance[0, 0]))
    return {
        "minutes": chosen.minutes, "episodes": len(points), "first_mib": round(float(sizes[0]), 1),
        "last_mib": round(float(sizes[-1]), 1), "slope_mib_per_hour": round(float(slope), 3),
        "interval_95": [round(float(slope) - half, 3), round(float(slope) + half, 3)],
    }  # fmt: skip


def main() -> None:
    """Measure, and write the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--minutes", type=float, default=120)
    options.add_argument("--plugin", default="mp1")
    options.add_argument("--task", default="metaworld/reach")
    chosen = options.parse_args()
    found = table(evaluate(chosen.plugin, chosen.task, chosen.minutes), chosen)
    write_result(HERE / "memory.json", found, missing={"seeds": "episode k has the seed k"})
    print(json.dumps(found, indent=2))


if __name__ == "__main__":
    main()
