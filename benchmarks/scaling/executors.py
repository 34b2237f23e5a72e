"""How collection grows with workers: episodes per second of a task's expert, by executor and number of workers.

    python benchmarks/scaling/executors.py [--task metaworld/reach] [--episodes 24] [--repeats 3] [--workers 1 2]

Rounds are interleaved, so that another load on the machine meets all of them; the best round of each counts. The time
to start workers is inside: that is what a user waits for. Writes ``executors.json`` beside itself.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from pathlib import Path

from simplatform.executors import available_cores, executor
from simplatform.pipeline.shards import episode_shard, run_episode
from simplatform.recipes import find_task

HERE = Path(__file__).parent


def seconds(kind: str, workers: int, task_name: str, episodes: int) -> float:
    """Return the wall-clock time of all episodes."""
    task = find_task(task_name)
    shards = [episode_shard(task, "train", 0, number) for number in range(episodes)]
    start = time.perf_counter()
    list(executor(workers, kind).map(run_episode, shards))
    return time.perf_counter() - start


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
    load = os.getloadavg()[0]
    for _ in range(chosen.repeats):
        for kind, workers in places:
            rounds[kind, workers].append(seconds(kind, workers, chosen.task, chosen.episodes))
    alone = min(rounds["local", 1])
    rows = [
        {
            "executor": kind, "workers": workers, "seconds": [round(value, 2) for value in values],
            "episodes_per_second": round(chosen.episodes / min(values), 3),
            "efficiency": round(alone / min(values) / workers, 3),
        }
        for (kind, workers), values in rounds.items()
    ]  # fmt: skip
    table = {
        "task": chosen.task, "episodes": chosen.episodes, "cores": available_cores(), "load_before": round(load, 2),
        "python": platform.python_version(), "rows": rows,
    }  # fmt: skip
    (HERE / "executors.json").write_text(json.dumps(table, indent=2) + "\n")
    print(json.dumps(table, indent=2))


if __name__ == "__main__":
    main()
