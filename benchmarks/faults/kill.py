"""Kill runs with SIGKILL at random moments of collect, fit and evaluate, resume them, and compare the final bits.

    python benchmarks/faults/kill.py [--kills 50] [--seed 0] [--subjects toy phases]

Two runs are killed: one of the test suite's toy plugin, and one of a student that learns in three phases from a
teacher (``consistency-distillation`` on recorded demonstrations), whose kills fall between and within phases. Each
trial starts the whole run from nothing (its own cache, its own folder), waits for one of the three stages, kills the
run after a random share of the time that the stage takes undisturbed, a training at a random step, then resumes it to
the end. It passes when the final weights, the training's state, every logged loss and every evaluated episode are
those of the undisturbed run, and no half-written file is left. A stage that ended before its kill is not counted and
tried again. The two subjects run beside each other, a core each. Writes ``kill.json`` beside itself.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path
from typing import Any

import numpy as np

from simplatform.experiments.record import write_result

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
STAGES = ("collect", "fit", "evaluate")
TIMES = ("latency_median", "seconds_per_step")
"""Columns that hold wall-clock times: they differ between any two runs."""
SUBJECTS: dict[str, dict[str, Any]] = {
    "toy": {
        "plugin": "toy", "task": "toy/point", "phases": [], "settings": {
            "env.steps": 300, "policy.slow": 0.02, "train.steps": 60, "train.checkpoint_every": 10,
            "train.log_every": 5, "train.batch": 8, "task.demonstrations": 12, "task.episodes": 6,
        },
    },
    "phases": {
        "plugin": "consistency-distillation", "task": "replay", "phases": [20, 30], "settings": {
            "policy.widths": [8, 16], "points": 16, "policy.segments": [4, 1], "train.steps": 40,
            "train.checkpoint_every": 5, "train.log_every": 1, "train.batch": 16,
        },
    },
}  # fmt: skip


def command(subject: dict[str, Any], folder: Path) -> list[str]:
    """Return the command of the run under test."""
    pairs = [part for key, value in subject["settings"].items() for part in ("--set", f"{key}={value}")]
    if subject["task"] == "replay":
        pairs += ["--set", f"env.path={folder.parent / 'data.zarr'}"]
    base = [sys.executable, "-m", "simplatform.cli", "run", "--plugin", subject["plugin"], "--task", subject["task"]]
    return [*base, "--device", "cpu", "--workers", "1", "--output", str(folder / "runs"), *pairs]


def record(path: Path) -> None:
    """Write the demonstrations that the student learns from: the action is a linear function of the state."""
    from simplatform.demonstrations import Demonstrations, Episode
    from simplatform.demonstrations.formats import save_demonstrations

    draw = np.random.default_rng(0)
    matrix = draw.normal(size=(9, 4)).astype(np.float32)
    episodes = []
    for number in range(12):
        state = np.sin(draw.uniform(0, 6) + 0.3 * np.arange(41)[:, None] + np.arange(9)).astype(np.float32)
        cloud = draw.normal(size=(41, 32, 3)).astype(np.float32)
        episodes.append(Episode({"agent_pos": state, "point_cloud": cloud}, state[:-1] @ matrix, seed=number))
    save_demonstrations(Demonstrations(episodes), str(path))


def environment(folder: Path) -> dict[str, str]:
    """Return the environment of a trial: one thread, and a cache of its own."""
    paths = os.pathsep.join([str(ROOT / "tests" / "site"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "SIMPLATFORM_CACHE": str(folder / "cache")}


def run(subject: dict[str, Any], folder: Path, stage: str = "", wait: float = 0.0, step: int = 0) -> dict[str, float]:
    """Run (or continue) to the end; or kill it ``wait`` s after it entered ``stage`` and logged ``step``.

    Returns when the stages began.
    """
    streams: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    process = subprocess.Popen(command(subject, folder), env=environment(folder), start_new_session=True, **streams)
    starts: dict[str, float] = {}
    while process.poll() is None:
        now = status(folder).get("stage", "start")
        starts.setdefault(now, time.perf_counter())
        if stage in starts and step and logged(folder) >= step:
            starts[stage], step = time.perf_counter(), 0
        if stage in starts and not step and time.perf_counter() - starts[stage] >= wait:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return starts
        time.sleep(0.002)
    starts["end"] = time.perf_counter()
    if process.returncode:
        raise SystemExit(f"the run failed: {process.communicate()[1].decode()[-2000:]}")
    return starts


def status(folder: Path) -> dict[str, Any]:
    """Return the status that a run has on disk."""
    try:
        (path,) = (folder / "runs").iterdir()
        found: dict[str, Any] = json.loads((path / "status.json").read_text())
    except (OSError, ValueError):
        return {}
    return found


def logged(folder: Path) -> int:
    """Return the last step of the training that is on disk."""
    lines = [line for path in (folder / "runs").glob("*/metrics.jsonl") for line in path.read_text().splitlines()]
    try:
        return int(json.loads(lines[-1])["step"])
    except (IndexError, ValueError):
        return 0


def place(subject: dict[str, Any], folder: Path) -> str:
    """Return the stage in which a run was killed; of a training in phases, the phase of the last logged step too."""
    stage = str(status(folder).get("stage", "start"))
    if stage != "fit" or not subject["phases"]:
        return stage
    return f"fit, phase {1 + sum(logged(folder) >= start for start in subject['phases'])}"


def result(folder: Path) -> dict[str, Any]:
    """Return everything that must be equal: hashes of weights, optimiser, losses, and episodes without their times."""
    import pyarrow.parquet as pq

    (path,) = (folder / "runs").iterdir()
    last = path / "checkpoints" / (path / "checkpoints" / "last").read_text().strip()
    files = [last / "model.safetensors", *sorted((last / "training").glob("*.safetensors"))]
    rows = [json.loads(line) for line in (path / "metrics.jsonl").read_text().splitlines()]
    episodes = pq.read_table(path / "eval" / "episodes.parquet").drop_columns(["latency_median"]).to_pylist()
    plain = [{key: value for key, value in row.items() if key not in TIMES} for row in rows]
    return {
        "weights": [digest(file.read_bytes()) for file in files],
        "losses": digest(json.dumps(plain).encode()),
        "episodes": digest(json.dumps(episodes, sort_keys=True).encode()),
    }


def digest(data: bytes) -> str:
    """Return a short hash."""
    return hashlib.sha256(data).hexdigest()[:16]


def leftovers(folder: Path) -> list[str]:
    """Return scratch files and folders that a resumed run should have cleared from its run directory."""
    return [str(path.relative_to(folder)) for path in (folder / "runs").rglob(".*.tmp")]


def campaign(name: str, kills: int, stages: list[str], draw: random.Random, root: Path) -> dict[str, Any]:
    """Kill one subject until ``kills`` fell into the chosen stages; returns its row of the table."""
    subject, places, failures, missed = SUBJECTS[name], Counter[str](), [], 0
    record(root / "data.zarr")
    starts = run(subject, root / "whole")
    whole, order = result(root / "whole"), [*starts]
    lengths = {stage: starts[order[order.index(stage) + 1]] - starts[stage] for stage in STAGES}
    while sum(places.values()) < kills:
        stage = stages[sum(places.values()) % len(stages)]
        folder, share = root / "trial", draw.uniform(0.0, 1.0)
        steps = subject["settings"]["train.steps"]
        step, wait = (round(share * steps), draw.uniform(0.0, 0.1)) if stage == "fit" else (0, share * lengths[stage])
        run(subject, folder, stage, wait, step)
        where = place(subject, folder)
        if where.split(",")[0] != stage or status(folder).get("state") == "done":
            missed += 1
        else:
            places[where] += 1
            run(subject, folder)
            found, left = result(folder), leftovers(folder)
            if found != whole or left:
                failures.append({"after": round(wait, 3), "step": step, "place": where, "found": found, "left": left})
            print(name, sum(places.values()), where, "same bits" if found == whole else "DIFFERENT", left, flush=True)
        shutil.rmtree(folder)
    return {
        "plugin": subject["plugin"], "task": subject["task"], "settings": subject["settings"], "kills": kills,
        "places": dict(sorted(places.items())), "failures": failures, "stages that ended before the kill": missed,
        "undisturbed_seconds": {stage: round(value, 2) for stage, value in lengths.items()},
    }  # fmt: skip


def main() -> None:
    """Run all trials, the subjects beside each other, and write the table; each subject as it is done."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--kills", type=int, default=50, help="per subject")
    options.add_argument("--stages", nargs="+", default=list(STAGES), choices=STAGES)
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--subjects", nargs="+", default=list(SUBJECTS), choices=list(SUBJECTS))
    options.add_argument("--json", type=Path, default=HERE / "kill.json", help="file to write")
    chosen = options.parse_args()
    done: dict[str, Any] = {}

    def all_kills(name: str) -> tuple[str, dict[str, Any]]:
        with tempfile.TemporaryDirectory(prefix="kill-") as root:
            return name, campaign(name, chosen.kills, chosen.stages, random.Random(chosen.seed), Path(root))

    with ThreadPoolExecutor(len(chosen.subjects)) as pool:
        for future in as_completed([pool.submit(all_kills, name) for name in chosen.subjects]):
            name, row = future.result()
            done[name] = row
            subjects = {name: done[name] for name in chosen.subjects if name in done}
            missing = {"interval": "counts: none of the kills may fail"}
            write_result(chosen.json, {"seed": chosen.seed, "subjects": subjects}, missing=missing)


if __name__ == "__main__":
    main()
