"""What MP1's own settings and the training budget are worth, on validation episodes of robot tasks.

    OMP_NUM_THREADS=1 python benchmarks/policies/ablation.py --output runs/comparison [--tasks …] [--seeds 0 1 2]

Each variant changes one setting of the comparison's MP1, and sees its demonstrations; the unchanged one is the
comparison's own run, if it is there. Success is that of twenty episodes of the validation split, which no table of
results uses. Writes ``ablation.json``: per variant the success over all tasks and seeds, and paired tests against the
unchanged MP1, over the same episodes and over the runs. Continued where it stopped.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import harness
import torch
from comparison import SETTINGS

import simplatform as sp
from simplatform.experiments.record import write_result
from simplatform.report.statistics import estimate

BASE = "mp1"
EVEN: dict[str, Any] = {"policy.time_mean": 0.0, "policy.time_std": 1.8}
VARIANTS: dict[str, tuple[str, dict[str, Any]]] = {
    BASE: ("mp1", {}),
    "answers with data": ("mp1", {"policy.prediction": "data"}),
    "answers with data, twice the steps": (
        "mp1",
        {"policy.prediction": "data", "train.steps": 2 * SETTINGS["train.steps"]},
    ),
    "answers with data, guidance 1": ("mp1", {"policy.prediction": "data", "policy.guidance": 1.0}),
    "answers with data, plain squared error": ("mp1", {"policy.prediction": "data", "policy.adaptive_power": 0.0}),
    "answers with data, times over all of [0, 1]": ("mp1", {"policy.prediction": "data", **EVEN}),
    "answers with data, times over all of [0, 1], plain squared error": (
        "mp1",
        {"policy.prediction": "data", **EVEN, "policy.adaptive_power": 0.0},
    ),
    "guidance 1": ("mp1", {"policy.guidance": 1.0}),
    "no dispersive loss": ("mp1", {"policy.dispersive": 0.0}),
    "three quarters with r = t": ("mp1", {"policy.equal": 0.75}),
    "times about the middle": ("mp1", {"policy.time_mean": 0.0}),
    "times over all of [0, 1]": ("mp1", EVEN),
    "times in hundredths": ("mp1", {"policy.time_scale": 100.0}),
    "plain squared error": ("mp1", {"policy.adaptive_power": 0.0}),
    "twice the steps": ("mp1", {"train.steps": 2 * SETTINGS["train.steps"]}),
    "dp3": ("dp3", {}),
    "dp3, predicts noise": ("dp3", {"policy.prediction": "noise"}),
    "dp3, predicts v": ("dp3", {"policy.prediction": "v"}),
    "dp3, twice the steps": ("dp3", {"train.steps": 2 * SETTINGS["train.steps"]}),
}
Key = tuple[str, str, int]


def main() -> None:
    """Measure what is missing, and write the table after every run."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--output", type=Path, default=Path("runs/comparison"))
    options.add_argument("--tasks", nargs="+", default=["metaworld/hammer", "metaworld/stick-push"])
    options.add_argument("--variants", nargs="+", default=list(VARIANTS))
    options.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    chosen = options.parse_args()
    torch.set_num_threads(1)
    found = {
        (one["variant"], one["task"], one["seed"]): one["success"] for one in harness.earlier(chosen.json, SETTINGS)
    }
    for key in ((variant, task, seed) for seed in chosen.seeds for task in chosen.tasks for variant in chosen.variants):
        if key not in found:
            found[key] = outcomes(*key, chosen.output)
            print(*key, sum(found[key]), flush=True)
            runs = [{"variant": v, "task": t, "seed": s, "success": success} for (v, t, s), success in found.items()]
            results = {"rows": list(rows(found)), "twice_the_steps": budget(found)}
            table = {"settings": SETTINGS, "split": "validation", **results, "runs": runs}
            write_result(chosen.json, table)


def outcomes(variant: str, task: str, seed: int, output: Path) -> list[int]:
    """Return which validation episodes succeeded."""
    plugin, changes = VARIANTS[variant]
    run = sp.run(plugin, task, seed, settings={**SETTINGS, **changes}, output=output, workers=1, until="fit")
    return [int(ok) for ok in harness.successes(run.best, task, "validation", seed, SETTINGS["task.episodes"])]


def rows(found: dict[Key, list[int]]) -> Iterator[dict[str, Any]]:
    """Yield a row per variant, over the tasks and seeds that it shares with the unchanged MP1."""
    for variant in dict.fromkeys(key[0] for key in found):
        cases = [(task, seed) for name, task, seed in found if name == variant and (BASE, task, seed) in found]
        own, base = ([found[name, *case] for case in cases] for name in (variant, BASE))
        tests = harness.paired(base, own) if variant != BASE else {}
        yield {
            "variant": variant, "cases": len(cases), "success": estimate([*map(float, chain(*own))], "rate").to_json(),
            "by_case": {f"{task}, seed {seed}": sum(found[variant, task, seed]) for task, seed in cases},
            **{f"{key}_{BASE}": value for key, value in tests.items()},
        }  # fmt: skip


def budget(found: dict[Key, list[int]]) -> dict[str, Any]:
    """Return what twice the steps do to MP1 and DP3, over the runs of both."""
    longer = {BASE: "twice the steps", "dp3": "dp3, twice the steps"}
    pairs = [((name, task, seed), (longer.get(name, ""), task, seed)) for name, task, seed in found]
    pairs = [pair for pair in pairs if pair[1] in found]
    once, twice = ([found[pair[i]] for pair in pairs] for i in (0, 1))
    row = {"runs": len(pairs), "once": sum(chain(*once)), "twice": sum(chain(*twice))}
    return {**row, "episodes": sum(map(len, once)), **harness.paired(once, twice)}


if __name__ == "__main__":
    main()
