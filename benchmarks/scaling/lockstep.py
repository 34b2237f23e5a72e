"""What lockstep saves: processor time of an evaluation, its episodes one at a time (as up to 237098d) and in batches.

    python benchmarks/scaling/lockstep.py [--repeats 2] [NAME ...]

One process, one thread. Rounds are interleaved, and ratios of processor time are taken within a round, which another
load on the machine changes little; their median counts. Policies are trained for a few steps only: what they cost is
the same. Metrics of the two ways are compared: ``largest_difference`` is relative, over all episodes and metrics but
wall times. Writes ``lockstep.json`` beside itself.
"""

from __future__ import annotations

import argparse
import math
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Any

import torch

import simplatform as sp
from simplatform.experiments.record import write_result
from simplatform.pipeline.batches import run_all
from simplatform.pipeline.shards import EpisodeShard, episode_shard, run_episode
from simplatform.recipes import resolve
from simplatform.runs.provenance import measured_on

HERE = Path(__file__).parent
CASES: dict[str, tuple[str, str, dict[str, Any], int]] = {
    "stnn": ("stnn", "lorenz", {"policy.steps": 100, "policy.varpro_steps": 5}, 50),
    "sindy": ("sindy", "lorenz", {}, 50),
    "mixer": ("mixer", "odebench-4", {"policy.steps": 200}, 80),
    "mp1": ("mp1", "metaworld/reach", {"train.steps": 2, "task.demonstrations": 2, "task.validation": 0}, 64),
    "um2n": ("um2n", "helmholtz", {"train.steps": 2, "task.demonstrations": 5, "task.validation": 0}, 20),
}


def shards_of(name: str, folder: str) -> list[EpisodeShard]:
    """Train a little, and return the shards of an evaluation."""
    plugin, task, settings, episodes = CASES[name]
    run = sp.run(plugin, task, settings=settings, output=folder, until="fit", device="cpu", workers=1)
    found = resolve(plugin, task, settings=settings).task
    numbers = range(episodes)
    return [episode_shard(found, "test", 0, n, checkpoint=str(run.best), stop_early=True) for n in numbers]


def timed(play: Any) -> tuple[list[Any], float]:
    """Return episodes and the processor seconds that they took."""
    start = time.process_time()
    found = list(play())
    return found, time.process_time() - start


def difference(one: list[Any], other: list[Any]) -> float:
    """Return the largest relative difference of a metric."""
    gaps = [0.0]
    for a, b in zip(one, other, strict=True):
        for key, value in a.episode.metrics.items():
            if "seconds" not in key and math.isfinite(value):
                gaps.append(abs(value - b.episode.metrics[key]) / max(abs(value), 1e-12))
    return max(gaps)


def row(name: str, repeats: int, folder: str) -> dict[str, object]:
    """Measure one case."""
    shards = shards_of(name, folder)
    run_episode(shards[0])  # imports, and what is read once
    rounds = []
    for _ in range(repeats):
        one, alone = timed(lambda: map(run_episode, shards))
        many, batched = timed(lambda: run_all(shards))
        rounds.append((alone, batched, difference(one, many)))
    return {
        "case": name, "task": CASES[name][1], "episodes": len(shards),
        "seconds_alone": [round(r[0], 2) for r in rounds], "seconds_lockstep": [round(r[1], 2) for r in rounds],
        "ratio": round(median(r[0] / r[1] for r in rounds), 2), "largest_difference": max(r[2] for r in rounds),
    }  # fmt: skip


def main() -> None:
    """Measure, and write what there is after every case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", default=list(CASES))
    parser.add_argument("--repeats", type=int, default=2)
    parser.add_argument("--json", type=Path, default=HERE / "lockstep.json", help="file to write")
    given = parser.parse_args()
    torch.set_num_threads(1)
    rows, where = [], measured_on()
    missing = {"interval": "all times of a row", "seeds": "test episodes 0, 1, … of seed 0"}
    with tempfile.TemporaryDirectory() as folder:
        for name in given.names:
            rows.append(row(name, given.repeats, folder))
            print(rows[-1], flush=True)
            write_result(given.json, {"repeats": given.repeats, "rows": rows}, missing=missing, measured=where)


if __name__ == "__main__":
    main()
