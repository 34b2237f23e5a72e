"""The one-evaluation policy ``glance`` beside DP3 with ten evaluations and MP1, at equal training time; resumable.

    OMP_NUM_THREADS=1 python benchmarks/policies/one_step.py development [--variants …] [--seeds 0]
    OMP_NUM_THREADS=1 python benchmarks/policies/one_step.py reported [--methods dp3 glance mp1] [--seeds 0 1 2]

``development`` trains glance with and without its parts (``VARIANTS``) on two tasks, 20 test episodes each;
``reported`` trains it as the recipe has it, DP3 and MP1, on six others with 50 episodes. The six were fixed by this
rule before any result: of the 18 tasks where replay stays at or under half and the expert wins all, those that no
earlier comparison or choice of settings had used; of these, by name, the first two easy and medium ones, and the first
hard and very hard one. Everyone gets the ten demonstrations of the seed and the processor time that DP3 needs for its
2500 steps (1000 in development): the cost of a step of each is measured here, in turn with the others', and kept in the
table. The last checkpoint acts. Seeds are the outer loop, tasks the next. Runs that the table holds, or whose folder is
there, are not done again. Writes ``one_step_development.json`` or ``one_step.json``.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import harness
import torch

import simplatform as sp
from simplatform.demonstrations import Demonstrations
from simplatform.errors import Interrupted, SimplatformError
from simplatform.experiments.record import write_result
from simplatform.pipeline.collect import collect
from simplatform.pipeline.fit import Trainer
from simplatform.pipeline.start import run_signature
from simplatform.plugin_host.host import get_host
from simplatform.recipes import find_task, resolve
from simplatform.report.statistics import estimate
from simplatform.runs.episodes import read_rows
from simplatform.runs.files import read_json
from simplatform.runs.rundir import RunDirectory

HERE = Path(__file__).parent
DEVELOPMENT = ("push", "lever-pull")
REPORTED = ("handle-pull-side", "peg-unplug-side", "basketball", "bin-picking", "assembly", "pick-place-wall")
STEPS = {"development": 1000, "reported": 2500}
"""Steps of DP3, by which all the others' are set."""
EPISODES = {"development": 20, "reported": 50}
SHARED: dict[str, Any] = {
    "task.demonstrations": 10, "task.validation": 2, "task.record": 0, "task.opponents": False,
}  # fmt: skip
UNET = {"policy.widths": [32, 64, 128]}
FIRST: dict[str, Any] = {
    "policy.places": 3, "policy.frame": "hand", "policy.points": 128, "policy.execute": 1, "policy.clouds": 1,
    "policy.keypoints": 16, "policy.objective": "regression", "policy.norm": "l2", "policy.direction": 0.0,
    "policy.shift": 0.0, "policy.jitter": 0.0, "policy.width": 128, "policy.blocks": 3,
}  # fmt: skip
"""What parts are taken from or added to, one at a time, on the development tasks."""


def varied(**changes: Any) -> tuple[str, dict[str, Any]]:
    """Return glance with some of its first settings changed."""
    return "glance", {**FIRST, **{f"policy.{name}": value for name, value in changes.items()}}


VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    "dp3": ("dp3", UNET),
    "mp1": ("mp1", UNET),
    "glance": ("glance", {}),
    "first": varied(),
    "three actions a look": varied(execute=3),
    "world frame": varied(frame="world"),
    "no keypoints": varied(keypoints=0),
    "meanflow": varied(objective="meanflow"),
    "denoising": varied(objective="denoising"),
    "256 points": varied(points=256),
    "two clouds": varied(clouds=2),
    "l1": varied(norm="l1"),
    "shifted scenes": varied(shift=0.05, jitter=0.002),
    "direction": varied(direction=0.1),
}
"""Methods by name: plugin, and what differs from its recipe."""
METHODS = ("dp3", "glance", "mp1")
REFERENCES = ("dp3", "mp1", "glance")
Key = tuple[str, str, int]
Record = dict[str, Any]


def main() -> None:
    """Run what is missing, and write the table after every run."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("part", choices=("development", "reported"))
    options.add_argument("--output", type=Path, default=Path("runs/one_step"))
    options.add_argument("--methods", nargs="+", help="names of VARIANTS; default: all in development, three reported")
    options.add_argument("--tasks", nargs="+")
    options.add_argument("--seeds", type=int, nargs="+")
    options.add_argument("--json", type=Path)
    options.add_argument("--table", action="store_true", help="run nothing, gather what is done")
    chosen = options.parse_args()
    torch.set_num_threads(1)
    reported = chosen.part == "reported"
    path = chosen.json or HERE / f"one_step{'' if reported else '_development'}.json"
    methods = chosen.methods or (METHODS if reported else tuple(VARIANTS))
    tasks = tuple(chosen.tasks or (REPORTED if reported else DEVELOPMENT))
    seeds = chosen.seeds or ([0, 1, 2] if reported else [0])
    wanted = [(method, task, seed) for seed in seeds for task in tasks for method in methods]
    table = json.loads(path.read_text()) if path.exists() else {"cost_ms": {}, "runs": []}
    done = {(one["method"], one["task"], one["seed"]): one for one in table["runs"]}
    costs = table["cost_ms"] | ({} if chosen.table else missing_costs(methods, table["cost_ms"]))
    for key in wanted:
        if key not in done and key[0] in costs:
            found = run(key, costs, chosen.part, chosen.output, only_done=chosen.table)
            if found is not None:
                done[key] = record(key, found)
                write(path, done, costs, chosen.part)
    write(path, done, costs, chosen.part)


def settings_of(method: str, costs: dict[str, float], part: str) -> tuple[str, dict[str, Any]]:
    """Return plugin and settings of a method: as many steps as DP3's time allows."""
    plugin, own = VARIANTS[method]
    steps = round(STEPS[part] * costs["dp3"] / costs[method] / 50) * 50
    return plugin, {**SHARED, **own, "task.episodes": EPISODES[part], "train.steps": steps}


def run(key: Key, costs: dict[str, float], part: str, output: Path, only_done: bool) -> RunDirectory | None:
    """Do one run, or find it done."""
    method, task, seed = key
    plugin, settings = settings_of(method, costs, part)
    directory = RunDirectory.create(output, resolve(plugin, f"metaworld/{task}", seed, settings))
    if directory.status["state"] == "done" or only_done:
        return directory if directory.status["state"] == "done" else None
    try:
        done = sp.run(plugin, f"metaworld/{task}", seed, settings=settings, output=output, workers=1, device="cpu")
    except Interrupted:
        raise
    except SimplatformError as error:
        print(*key, "FAILED", error, flush=True)
        return None
    print(*key, settings["train.steps"], done.summary["success"]["value"], done.summary["times"], flush=True)
    return RunDirectory(done.path)


def missing_costs(methods: tuple[str, ...], known: dict[str, float]) -> dict[str, float]:
    """Return the milliseconds of processor time of a training step of all methods without one, DP3's beside.

    All are measured in turn with DP3, and scaled to what DP3 had when it was measured first.
    """
    wanted = [name for name in methods if name not in known]
    if not wanted:
        return {}
    task = find_task(f"metaworld/{DEVELOPMENT[0]}")
    data = collect(task, count=SHARED["task.demonstrations"], seed=0).demonstrations
    steps = {name: _step(name, data) for name in dict.fromkeys(["dp3", *wanted])}
    times: dict[str, list[float]] = {name: [] for name in steps}
    for _ in range(20):
        for name, step in steps.items():
            start = time.process_time()
            step()
            times[name].append(1e3 * (time.process_time() - start))
    found = {name: statistics.median(values[4:]) for name, values in times.items()}
    scale = known.get("dp3", found["dp3"]) / found["dp3"]
    return {name: round(value * scale, 2) for name, value in found.items()}


def _step(method: str, data: Demonstrations) -> Callable[[], object]:
    plugin, own = VARIANTS[method]
    task = f"metaworld/{DEVELOPMENT[0]}"
    what = resolve(plugin, task, 0, {**SHARED, **own})
    torch.manual_seed(0)
    policy = get_host().registry("policy").get(what.policy).load()(what.policy_config, run_signature(what))
    return Trainer(policy, data, what.train, 0)._advance


def record(key: Key, run: RunDirectory) -> Record:
    """Return what the table keeps of a run; ``success`` holds one number per test episode, in their order."""
    rows = [row for row in read_rows(run.path / "eval" / "episodes.parquet") if row["split"] == "test"]
    summary = run.summary
    return {
        "method": key[0], "task": key[1], "seed": key[2], "success": [int(row["success"] >= 0.5) for row in rows],
        "parameters": summary["parameters"], "nfe": summary.get("nfe") or 1,
        "fit_seconds": round(summary["times"].get("fit", 0.0), 1), "git": read_json(run.path / "env.json")["git"],
    }  # fmt: skip


def write(path: Path, done: dict[Key, Record], costs: dict[str, float], part: str) -> None:
    """Write the table of all runs that are done."""
    if not done:
        return
    table = {
        "settings": {**SHARED, "task.episodes": EPISODES[part]},
        "tasks": list(REPORTED if part == "reported" else DEVELOPMENT),
        "variants": {name: {"plugin": plugin, **own} for name, (plugin, own) in VARIANTS.items()},
        "cost_ms": costs,
        "steps": {name: settings_of(name, costs, part)[1]["train.steps"] for name in costs},
        "rows": list(rows(done)), "pairs": list(pairs(done)), "runs": list(done.values()),
    }  # fmt: skip
    write_result(path, table)


def rows(done: dict[Key, Record]) -> Iterator[dict[str, Any]]:
    """Yield a row per task and method, over the seeds that are done."""
    for method, task in dict.fromkeys(key[:2] for key in done):
        own = {key[2]: run["success"] for key, run in done.items() if key[:2] == (method, task)}
        success = [float(value) for values in own.values() for value in values]
        yield {
            "task": task, "method": method, "seeds": sorted(own), "by_seed": {seed: sum(own[seed]) for seed in own},
            "success": estimate(success, "rate").to_json(),
        }  # fmt: skip


def pairs(done: dict[Key, Record]) -> Iterator[dict[str, Any]]:
    """Yield a row per method and reference: both over the tasks and seeds that both have, with paired tests."""
    for method in dict.fromkeys(key[0] for key in done):
        for other in REFERENCES:
            cases = [key[1:] for key in done if key[0] == method and (other, *key[1:]) in done]
            if other == method or not cases:
                continue
            mine, theirs = ([done[name, *case]["success"] for case in cases] for name in (method, other))
            rates = [estimate([*map(float, chain(*values))], "rate").to_json() for values in (mine, theirs)]
            yield {
                "method": method, "against": other, "cases": len(cases), "success": rates[0], "theirs": rates[1],
                **harness.paired(theirs, mine),
            }  # fmt: skip


if __name__ == "__main__":
    main()
