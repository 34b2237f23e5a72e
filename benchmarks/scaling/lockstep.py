"""What lockstep saves: processor time of an evaluation by the loop of 237098d, one episode at a time, and by today's.

    git worktree add ../base 237098d; make -C ../base .venv/.base
    python benchmarks/scaling/lockstep.py --base ../base [--repeats 2] [NAME ...]

Each tree has a process of its own with one thread; the old one trains a policy for a few steps (what it costs is the
same) and both evaluate it, on the same episodes. Rounds are interleaved, and ratios of processor time are taken within
a round, which another load on the machine changes little; their median counts. ``largest_difference`` is relative, over
all episodes and metrics but wall times; where a policy draws noise, the old loop drew other numbers, and means are
compared instead. Writes ``lockstep.json`` beside itself; rows of cases that were not asked for stay as they are.
"""

from __future__ import annotations

import argparse
import json
import math
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch

from simplatform.experiments.record import write_result
from simplatform.pipeline.batches import run_all
from simplatform.pipeline.shards import EpisodeShard, episode_shard, run_episode
from simplatform.recipes import resolve
from simplatform.runs.files import read_json
from simplatform.runs.provenance import measured_on

HERE = Path(__file__).parent
FEW = {"train.steps": 2, "task.demonstrations": 2, "task.validation": 0}
CASES: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "mixer": ("mixer", "odebench-4", {"policy.steps": 200}, 80),
    "stnn": ("stnn", "lorenz", {"policy.adam_steps": 100, "policy.varpro_steps": 5}, 50),
    "havok": ("havok", "lorenz", {}, 50),
    "um2n": ("um2n", "helmholtz", FEW, 20),
    "mp1": ("mp1", "metaworld/reach", FEW, 64),
}
"""Policy, task, settings by their names in 237098d, and episodes: those that the task evaluates, or the issue names."""
NOISY = ("mp1",)
OLD = """
import json, sys, time
import torch
import simplatform as sp
from simplatform.pipeline.shards import episode_shard, run_episode
from simplatform.recipes import resolve

plugin, task, settings, episodes, folder = json.loads(sys.argv[1])
torch.set_num_threads(1)
run = sp.run(plugin, task, settings=settings, output=folder, until="fit", device="cpu", workers=1)
found = resolve(plugin, task, settings=settings).task
shards = [episode_shard(found, "test", 0, n, checkpoint=str(run.best), stop_early=True) for n in range(episodes)]
run_episode(shards[0])
print("\\n" + json.dumps(str(run.best)), flush=True)
for _ in sys.stdin:
    start = time.process_time()
    metrics = [run_episode(shard).episode.metrics for shard in shards]
    print("\\n" + json.dumps([time.process_time() - start, metrics]), flush=True)
"""


class Base:
    """The tree of 237098d in a process of its own."""

    def __init__(self, tree: Path, name: str, folder: str) -> None:
        """Train there."""
        given = [json.dumps([*CASES[name], folder])]
        self._process = subprocess.Popen(
            [str(tree / ".venv/bin/python"), "-c", OLD, *given],
            text=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        self.checkpoint = str(self._answer())

    def play(self) -> tuple[list[dict[str, float]], float]:
        """Return the metrics of all episodes, and the processor seconds that they took."""
        assert self._process.stdin is not None
        print(file=self._process.stdin, flush=True)
        seconds, metrics = self._answer()
        return metrics, seconds

    def close(self) -> None:
        """End the process."""
        self._process.communicate()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if line.startswith(("[", '"')):
                return json.loads(line)
        sys.exit("the old tree's process ended")


def shards_of(name: str, checkpoint: str) -> list[EpisodeShard]:
    """Return the shards of an evaluation."""
    plugin, task, _, episodes = CASES[name]
    found = resolve(plugin, task).task
    return [episode_shard(found, "test", 0, n, checkpoint=checkpoint, stop_early=True) for n in range(episodes)]


def today(shards: list[EpisodeShard]) -> tuple[list[dict[str, float]], float]:
    """Return the metrics of all episodes, and the processor seconds that they took."""
    start = time.process_time()
    metrics = [result.episode.metrics for result in run_all(shards)]
    return [dict(one) for one in metrics], time.process_time() - start


def difference(name: str, one: list[dict[str, float]], other: list[dict[str, float]]) -> float:
    """Return the largest relative difference of a metric: of an episode, or of the mean where noise is drawn."""
    if name in NOISY:
        keys = one[0].keys() & other[0].keys()
        one, other = ([{key: float(np.mean([row[key] for row in rows])) for key in keys}] for rows in (one, other))
    gaps = [0.0]
    for a, b in zip(one, other, strict=True):
        for key in a.keys() & b.keys():
            if "seconds" not in key and math.isfinite(a[key]):
                gaps.append(abs(a[key] - b[key]) / max(abs(a[key]), 1e-12))
    return max(gaps)


def row(name: str, repeats: int, tree: Path, folder: str) -> dict[str, object]:
    """Measure one case."""
    base = Base(tree, name, folder)
    shards, rounds = shards_of(name, base.checkpoint), []
    run_episode(shards[0])  # imports, and what is read once
    for _ in range(repeats):
        (one, alone), (many, batched) = base.play(), today(shards)
        rounds.append((alone, batched, difference(name, one, many)))
        print(name, rounds[-1], flush=True)
    base.close()
    return {
        "case": name, "task": CASES[name][1], "episodes": len(shards), "threads": 1,
        "seconds_237098d": [round(r[0], 2) for r in rounds], "seconds_today": [round(r[1], 2) for r in rounds],
        "ratio": round(median(r[0] / r[1] for r in rounds), 2), "largest_difference": max(r[2] for r in rounds),
        "means": name in NOISY,
    }  # fmt: skip


def main() -> None:
    """Measure, and write what there is after every case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(CASES))
    parser.add_argument("--base", type=Path, required=True, help="the tree of 237098d, with its .venv")
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--json", type=Path, default=HERE / "lockstep.json", help="file to write")
    given = parser.parse_args()
    torch.set_num_threads(1)
    where = measured_on()
    held = read_json(given.json)["rows"] if given.json.exists() else []
    rows = {one["case"]: one for one in held}
    missing = {"interval": "all times of a row", "seeds": "test episodes 0, 1, … of seed 0"}
    with tempfile.TemporaryDirectory() as folder:
        for name in given.names:
            rows[name] = row(name, given.repeats, given.base, f"{folder}/{name}")
            print(rows[name], flush=True)
            write_result(
                given.json, {"repeats": given.repeats, "rows": list(rows.values())}, missing=missing, measured=where
            )


if __name__ == "__main__":
    main()
