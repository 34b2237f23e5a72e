"""All of Meta-World: MP1, DP3 and glance beside replay and the expert; continued where it stopped.

    OMP_NUM_THREADS=1 python benchmarks/policies/table.py [--methods expert replay-nearest] [--seeds 0]

Every method gets the ten demonstrations of the seed and acts on the same 20 test episodes with its last checkpoint;
trained ones are as their recipes have them. Seeds are the outer loop, then methods (what needs no training first), then
tasks, so that what is there after any time is whole for the first of them. A run that the table holds is not done
again. Writes ``table.json``: per task what each method wins beside DP3's published rate, and per method the sums over
all tasks that all methods of the row have, over those where replay wins at most half, and paired tests against replay.

DP3's published rates (Ze et al., 2024, table XVIII) are the mean of the five best of many evaluations on the test
episodes, which picks the checkpoint by what it is scored on; ours are of the last checkpoint. MP1's average over 34
tasks of Meta-World and three of Adroit (78.9 %) is of the same kind; which 34 was not found.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import harness
import torch

import simplatform as sp
from simplatform.envs.manipulation.tasks import TASKS, group_of
from simplatform.errors import Interrupted, SimplatformError
from simplatform.experiments.record import write_result
from simplatform.pipeline.evaluate import evaluate_shards
from simplatform.pipeline.shards import episode_shard
from simplatform.recipes import find_task
from simplatform.report.statistics import estimate
from simplatform.runs.episodes import read_rows

EXPERT, REPLAY = "expert", "replay-nearest"
METHODS = (EXPERT, REPLAY, "glance", "dp3", "mp1")
DEMONSTRATIONS, EPISODES = 10, 20
HARD = EPISODES // 2
"""Episodes of which replay wins at most so many, on the first seed, where a policy must look."""
PUBLISHED_BY_RATE: dict[int, str] = {
    100: "button-press button-press-topdown coffee-button door-close door-unlock drawer-open drawer-close faucet-open "
    "faucet-close handle-press handle-press-side plate-slide plate-slide-back-side plate-slide-side window-open "
    "window-close",
    99: "button-press-topdown-wall button-press-wall door-open plate-slide-back assembly", 98: "door-lock basketball",
    97: "stick-push", 96: "sweep", 94: "coffee-push", 87: "coffee-pull", 85: "handle-pull-side", 79: "lever-pull",
    76: "hammer", 75: "peg-unplug-side", 69: "peg-insert-side disassemble", 68: "reach-wall", 66: "dial-turn",
    53: "handle-pull", 51: "push", 49: "push-wall", 42: "box-close", 35: "pick-place-wall", 34: "bin-picking",
    27: "stick-pull", 24: "reach", 18: "soccer", 17: "shelf-place", 15: "sweep-into",
    14: "hand-insert pick-out-of-hole", 12: "pick-place", 0: "push-back",
}  # fmt: skip
PUBLISHED = {task: rate for rate, tasks in PUBLISHED_BY_RATE.items() for task in tasks.split()}
Key = tuple[str, str, int]
Record = dict[str, Any]


def main() -> None:
    """Run what is missing, and write the table after every run."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--methods", nargs="+", default=list(METHODS))
    options.add_argument("--tasks", nargs="+", default=list(TASKS))
    options.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options.add_argument("--device", default="cpu")
    options.add_argument("--output", type=Path, default=Path("runs/table"))
    options.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    chosen = options.parse_args()
    torch.set_num_threads(1)
    known = json.loads(chosen.json.read_text())["runs"] if chosen.json.exists() else []
    done: dict[Key, Record] = {(one["method"], one["task"], one["seed"]): one for one in known}
    for key in ((method, task, seed) for seed in chosen.seeds for method in chosen.methods for task in chosen.tasks):
        if key not in done and (success := outcomes(key, chosen.output, chosen.device)) is not None:
            done[key] = dict(zip(("method", "task", "seed"), key, strict=True), success=success)
            print(*key, sum(success), flush=True)
            write(chosen.json, done)
    write(chosen.json, done)


def outcomes(key: Key, output: Path, device: str) -> list[int] | None:
    """Return which test episodes a method succeeds in; None where the run failed."""
    method, task, seed = key
    if method == EXPERT:
        found = find_task(f"metaworld/{task}")
        shards = [episode_shard(found, "test", seed, number, stop_early=True) for number in range(EPISODES)]
        return [int(row["success"] >= 0.5) for row in evaluate_shards(found, shards, workers=1).rows]
    settings = {"task.demonstrations": DEMONSTRATIONS, "task.episodes": EPISODES, "task.record": 0,
                "task.opponents": False, "task.validation": 0 if method == REPLAY else 2}  # fmt: skip
    try:
        run = sp.run(method, f"metaworld/{task}", seed, settings=settings, output=output, workers=1, device=device)
    except Interrupted:
        raise
    except SimplatformError as error:
        print(*key, "FAILED", error, flush=True)
        return None
    rows = read_rows(run.path / "eval" / "episodes.parquet")
    return [int(row["success"] >= 0.5) for row in rows if row["split"] == "test"]


def write(path: Path, done: dict[Key, Record]) -> None:
    """Write the table of all runs that are done."""
    if not done:
        return
    settings = {"demonstrations": DEMONSTRATIONS, "episodes": EPISODES}
    table = {"settings": settings, "rows": list(rows(done)), "sums": list(sums(done)), "runs": list(done.values())}
    write_result(path, table)


def rows(done: dict[Key, Record]) -> Iterator[dict[str, Any]]:
    """Yield a row per task: what each method wins, of how many, beside DP3's published rate."""
    for task in TASKS:
        row: dict[str, Any] = {"task": task, "group": group_of(task), "dp3_published_percent": PUBLISHED[task]}
        for method in METHODS:
            won = [*chain.from_iterable(run["success"] for key, run in done.items() if key[:2] == (method, task))]
            if won:
                row[method] = estimate([*map(float, won)], "rate").to_json()
        if len(row) > 3:
            yield row


def sums(done: dict[Key, Record]) -> Iterator[dict[str, Any]]:
    """Yield what each method wins over its tasks and seeds, all and where replay fails, beside replay on the same."""
    hard = {task for (method, task, _), run in done.items() if method == REPLAY and sum(run["success"]) <= HARD}
    for method in METHODS:
        for name, among in (("all", set(TASKS)), ("where replay wins at most half", hard)):
            cases = [k[1:] for k in done if k[0] == method and k[1] in among and (REPLAY, *k[1:]) in done]
            if not cases:
                continue
            mine, theirs = ([done[who, *case]["success"] for case in cases] for who in (method, REPLAY))
            rates = [estimate([*map(float, chain(*won))], "rate").to_json() for won in (mine, theirs)]
            row = {"method": method, "tasks": name, "cases": len(cases), "success": rates[0], "replay": rates[1]}
            yield row if method == REPLAY else {**row, **harness.paired(theirs, mine)}


if __name__ == "__main__":
    main()
