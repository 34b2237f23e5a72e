"""How collection grows with workers: episodes per second of a task's expert, by executor and number of workers.

    python benchmarks/scaling/executors.py [--task metaworld/reach] [--episodes 40] [--repeats 3] [--workers 1 2]
                                           [--executors process ray]

Rounds are interleaved, so that another load on the machine meets all of them; each is compared with the same round by
one process, and the median of these ratios counts. The time to start workers is inside: that is what a user waits for.
Beside the wall-clock time stands the processor time of all workers together, imports included, which another load
changes little: where cores are free, the efficiency cannot be above one process's share of it. Writes
``executors.json`` beside itself; ``load`` tells how busy the machine was before.
"""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path
from statistics import median
from typing import NamedTuple

from simplatform.executors import executor
from simplatform.experiments.record import write_result
from simplatform.pipeline.shards import EpisodeShard, episode_shard, run_episode
from simplatform.recipes import find_task
from simplatform.runs.provenance import measured_on

HERE = Path(__file__).parent


class Round(NamedTuple):
    """Wall-clock seconds of all episodes, and processor seconds of all that ran them."""

    wall: float
    processor: float


def used(shard: EpisodeShard) -> tuple[int, float]:
    """Run an episode; return which process did, and the processor time that it has used since its start."""
    run_episode(shard)
    return os.getpid(), time.process_time()


def measure(kind: str, workers: int, task_name: str, episodes: int) -> Round:
    """Run all episodes once."""
    task, before = find_task(task_name), time.process_time()
    shards = [episode_shard(task, "train", 0, number) for number in range(episodes)]
    start = time.perf_counter()
    found = dict(executor(workers, kind).map(used, shards))
    took = time.perf_counter() - start
    if kind == "ray":
        import ray

        ray.shutdown()  # so that the next round pays for a start as well
    if kind == "local":
        found = {os.getpid(): time.process_time() - before}
    return Round(took, sum(found.values()))


def row(place: tuple[str, int], found: list[Round], alone: list[Round], episodes: int) -> dict[str, object]:
    """Return how fast one executor was, and its efficiency against one process in the same rounds."""
    kind, workers = place
    speedup = median(one.wall / many.wall for one, many in zip(alone, found, strict=True))
    extra = median(many.processor / one.processor for one, many in zip(alone, found, strict=True))
    return {
        "executor": kind, "workers": workers, "seconds": [round(one.wall, 2) for one in found],
        "processor_seconds": [round(one.processor, 2) for one in found],
        "episodes_per_second": round(episodes / median(one.wall for one in found), 3),
        "efficiency": round(speedup / workers, 3), "processor_time_ratio": round(extra, 3),
    }  # fmt: skip


def main() -> None:
    """Measure, and write the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--task", default="metaworld/reach")
    options.add_argument("--episodes", type=int, default=40)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options.add_argument("--executors", nargs="+", default=["process", "ray"])
    options.add_argument("--json", type=Path, default=HERE / "executors.json", help="file to write")
    chosen = options.parse_args()
    places = [(kind if workers > 1 else "local", workers) for kind in chosen.executors for workers in chosen.workers]
    rounds: dict[tuple[str, int], list[Round]] = {place: [] for place in dict.fromkeys(places)}
    where = measured_on()
    measure("local", 1, chosen.task, 1)  # imports, models and caches of this process
    for _ in range(chosen.repeats):
        for (kind, workers), found in rounds.items():
            found.append(measure(kind, workers, chosen.task, chosen.episodes))
            print(kind, workers, found[-1], flush=True)
    rows = [row(place, found, rounds["local", 1], chosen.episodes) for place, found in rounds.items()]
    missing = {"interval": "all times of a row", "seeds": "the expert's test episodes 0, 1, …"}
    table = {"task": chosen.task, "episodes": chosen.episodes, "repeats": chosen.repeats, "rows": rows}
    write_result(chosen.json, table, missing=missing, measured=where)


if __name__ == "__main__":
    main()
