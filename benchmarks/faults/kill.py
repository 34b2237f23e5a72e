"""Kill a run with SIGKILL at random moments of collect, train and evaluate, resume it, and compare the final bits.

    python benchmarks/faults/kill.py [--kills 50] [--seed 0]

Each trial starts the whole run from nothing (its own cache, its own folder), kills it after a random share of the time
that an undisturbed run takes, then resumes it to the end. It passes when the final weights, every logged loss and every
evaluated episode are those of the undisturbed run, and no half-written file is left. Writes ``kill.json`` beside it.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import platform
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SETTINGS = {
    "env.steps": 400, "policy.slow": 0.02, "train.steps": 60, "train.checkpoint_every": 10, "train.log_every": 5,
    "train.batch": 8, "task.demonstrations": 6, "task.episodes": 12,
}  # fmt: skip
TIMES = ("latency_median", "seconds_per_step")
"""Columns that hold wall-clock times: they differ between any two runs."""


def command(folder: Path) -> list[str]:
    """Return the command of the run under test: the toy plugin of the test suite."""
    pairs = [part for key, value in SETTINGS.items() for part in ("--set", f"{key}={value}")]
    base = [sys.executable, "-m", "simplatform.cli", "run", "--plugin", "toy", "--device", "cpu"]
    return [*base, "--output", str(folder / "runs"), *pairs]


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a trial: one thread, and a cache of its own."""
    paths = os.pathsep.join([str(ROOT / "tests" / "site"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "SIMPLATFORM_CACHE": str(folder / "cache")}


def run(folder: Path, kill_after: float | None = None) -> bool:
    """Run (or continue) to the end, or until the kill; returns whether it was killed."""
    streams: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command(folder), env=environment(folder), start_new_session=True, **streams)
    try:
        _, errors = process.communicate(timeout=kill_after)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        return True
    if process.returncode:
        raise SystemExit(f"the run failed: {errors.decode()[-2000:]}")
    return False


def result(folder: Path) -> dict[str, Any]:
    """Return everything that must be equal: hashes of the weights, the losses, the episodes without their times."""
    import pyarrow.parquet as pq

    (path,) = (folder / "runs").iterdir()
    weights = (path / "checkpoints" / "000060" / "model.safetensors").read_bytes()
    rows = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    episodes = pq.read_table(path / "eval" / "episodes.parquet").drop_columns(["latency_median"]).to_pylist()
    plain = [{key: value for key, value in row.items() if key not in TIMES} for row in rows]
    return {
        "weights": hashlib.sha256(weights).hexdigest(),
        "losses": hashlib.sha256(json.dumps(plain).encode()).hexdigest(),
        "episodes": hashlib.sha256(json.dumps(episodes, sort_keys=True).encode()).hexdigest(),
    }


def stage(folder: Path) -> str:
    """Return how far the killed run had come."""
    runs = list((folder / "runs").iterdir()) if (folder / "runs").exists() else []
    try:
        return str(json.loads((runs[0] / "status.json").read_text())["stage"])
    except (IndexError, OSError, ValueError):
        return "start"


def leftovers(folder: Path) -> list[str]:
    """Return scratch files and folders that a resumed run should have cleared from its run directory."""
    return [str(path.relative_to(folder)) for path in (folder / "runs").rglob(".*.tmp")]


def main() -> None:
    """Run all trials and write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--kills", type=int, default=50)
    options.add_argument("--seed", type=int, default=0)
    chosen = options.parse_args()
    draw, root = random.Random(chosen.seed), Path(tempfile.mkdtemp(prefix="kill-"))
    start = time.perf_counter()
    run(root / "whole")
    whole, seconds = result(root / "whole"), time.perf_counter() - start
    stages: Counter[str] = Counter()
    failures: list[dict[str, Any]] = []
    for trial in range(chosen.kills):
        folder, after = root / str(trial), draw.uniform(0.05, 0.95) * seconds
        killed = run(folder, after)
        where = stage(folder) if killed else "finished before the kill"
        stages[where] += 1
        run(folder)
        found, left = result(folder), leftovers(folder)
        if found != whole or left:
            failures.append({"trial": trial, "after": after, "stage": where, "found": found, "left": left})
        shutil.rmtree(folder)
        print(f"{trial + 1} killed in {where}: {'same bits' if found == whole else 'DIFFERENT'} {left}", flush=True)
        write(chosen, trial + 1, stages, failures, seconds)
    shutil.rmtree(root)
    print(f"{chosen.kills - len(failures)} of {chosen.kills} ended in the bits of the undisturbed run: {dict(stages)}")


def write(
    chosen: argparse.Namespace, kills: int, stages: Counter[str], failures: list[dict[str, Any]], seconds: float
) -> None:
    """Write the table; after every trial, so that an interrupted benchmark counts for what it did."""
    table = {
        "command": f"python benchmarks/faults/kill.py --kills {chosen.kills} --seed {chosen.seed}",
        "kills": kills, "stages": dict(stages), "failures": failures, "settings": SETTINGS,
        "undisturbed_seconds": round(seconds, 1), "python": platform.python_version(), "machine": platform.machine(),
    }  # fmt: skip
    (HERE / "kill.json").write_text(json.dumps(table, indent=2) + "\n")


if __name__ == "__main__":
    main()
