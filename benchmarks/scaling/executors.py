"""How collection grows with workers: episodes per second of a task's expert, by executor and number of workers.

    python benchmarks/scaling/executors.py [--task metaworld/reach] [--episodes 24] [--repeats 3] [--workers 1 2]
                                           [--executors process ray]

Rounds are interleaved, so that another load on the machine meets all of them; each is compared with the same round by
one process, and the median of these ratios counts. The time to start workers is inside: that is what a user waits
for. Writes ``executors.json`` beside itself.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from statistics import median

from simplatform.executors import executor
from simplatform.pipeline.shards import episode_shard, run_episode
from simplatform.provenance import measured_on
from simplatform.recipes import find_task

HERE = Path(__file__).parent


def seconds(kind: str, workers: int, task_name: str, episodes: int) -> float:
    """Return the wall-clock time of all episodes."""
    task = find_task(task_name)
    shards = [episode_shard(task, "train", 0, number) for number in range(episodes)]
    start = time.perf_counter()
    list(executor(workers, kind).map(run_episode, shards))
    took = time.perf_counter() - start
    if kind == "ray":
        import ray

        ray.shutdown()  # so that the next round pays for a start as well
    return took


def main() -> None:
    """Measure, and write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--task", default="metaworld/reach")
    options.add_argument("--episodes", type=int, default=24)
    options.add_argument("--repeats", type=int, default=3)
    options.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    options.add_argument("--executors", nargs="+", default=["process"])
    chosen = options.parse_args()
    places = [(kind if workers > 1 else "local", workers) for kind in chosen.executors for workers in chosen.workers]
    places = list(dict.fromkeys(places))
    seconds("local", 1, chosen.task, 1)  # imports, models and caches of this process
    rounds: dict[tuple[str, int], list[float]] = {place: [] for place in places}
    where = measured_on()
    for _ in range(chosen.repeats):
        for kind, workers in places:
            rounds[kind, workers].append(seconds(kind, workers, chosen.task, chosen.episodes))
            print(kind, workers, round(rounds[kind, workers][-1], 2), flush=True)
    rows = [row(place, found, rounds["local", 1], chosen.episodes) for place, found in rounds.items()]
    table = {**where, "task": chosen.task, "episodes": chosen.episodes, "rows": rows}
    (HERE / "executors.json").write_text(json.dumps(table, indent=2) + "\n")


def row(place: tuple[str, int], found: list[float], alone: list[float], episodes: int) -> dict[str, object]:
    """Return how fast one executor was, and its efficiency against one process in the same rounds."""
    kind, workers = place
    speedups = [one / many for one, many in zip(alone, found, strict=True)]
    return {
        "executor": kind, "workers": workers, "seconds": [round(value, 2) for value in found],
        "episodes_per_second": round(episodes / median(found), 3), "speedup": round(median(speedups), 3),
        "efficiency": round(median(speedups) / workers, 3),
    }  # fmt: skip


if __name__ == "__main__":
    main()
