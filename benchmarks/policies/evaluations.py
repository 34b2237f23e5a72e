"""Success of the comparison's trained policies with fewer network evaluations per action; continued where it stopped.

    OMP_NUM_THREADS=1 python benchmarks/policies/evaluations.py --output runs/comparison [--nfe 1 2]

Nothing is trained: every run of the comparison that takes any number of evaluations acts again in its test episodes,
sampled with the number given. MP1's single evaluation and each method's own number stand beside it, from
``comparison.json``. Writes ``evaluations.json``: per plugin and number of evaluations the success over all tasks and
seeds, and a paired test (McNemar, exact) against MP1 on the same episodes.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any

import harness
import torch
from comparison import SETTINGS, TASKS, finished, measured

from simplatform.api import Run
from simplatform.files import write_json
from simplatform.provenance import measured_on
from simplatform.statistics import estimate, paired_rates

HERE = Path(__file__).parent
REFERENCE = "mp1"
PLUGINS = ("dp3", "simple-dp3", "flow-matching")
Key = tuple[str, int, str, int]
"""Plugin, evaluations, task, seed."""


def main() -> None:
    """Evaluate what is missing, and write the table after every run."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--output", type=Path, default=Path("runs/comparison"))
    options.add_argument("--plugins", nargs="+", default=list(PLUGINS))
    options.add_argument("--tasks", nargs="+", default=list(TASKS))
    options.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options.add_argument("--nfe", type=int, nargs="+", default=[1])
    options.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    chosen = options.parse_args()
    torch.set_num_threads(1)
    found = {key_of(run): run["success"] for run in harness.earlier(chosen.json, SETTINGS)}
    for nfe, seed, task, plugin in product(chosen.nfe, chosen.seeds, chosen.tasks, chosen.plugins):
        key = plugin, nfe, task, seed
        if key in found or (run := finished((plugin, task, seed), chosen.output)) is None:
            continue
        outcomes = harness.successes(Run(run.path).best, task, "test", seed, SETTINGS["task.episodes"], {"nfe": nfe})
        found[key] = [int(ok) for ok in outcomes]
        print(*key, sum(found[key]), flush=True)
        runs = [dict(zip(("plugin", "nfe", "task", "seed"), k, strict=True), success=v) for k, v in found.items()]
        table = {"settings": SETTINGS, "split": "test", "rows": list(rows(found)), "runs": runs}
        write_json(chosen.json, {**measured_on(), **table})


def key_of(run: dict[str, Any]) -> Key:
    """Return what tells a run of the table from the others."""
    return run["plugin"], run["nfe"], run["task"], run["seed"]


def rows(found: dict[Key, list[int]]) -> Iterator[dict[str, Any]]:
    """Yield a row per plugin and number of evaluations, beside its own number and MP1 on the same episodes."""
    whole = {key: run["success"] for key, run in measured(HERE / "comparison.json").items()}
    for plugin, nfe in dict.fromkeys(key[:2] for key in found):
        cases = [key[2:] for key in found if key[:2] == (plugin, nfe)]
        few = [float(ok) for case in cases for ok in found[plugin, nfe, *case]]
        own, base = ([float(ok) for case in cases for ok in whole[name, *case]] for name in (plugin, REFERENCE))
        yield {
            "plugin": plugin, "nfe": nfe, "cases": len(cases), "success": estimate(few, "rate").to_json(),
            "own": estimate(own, "rate").to_json(), REFERENCE: estimate(base, "rate").to_json(),
            "p_against_own": paired_rates([*map(bool, own)], [*map(bool, few)]),
            "p_against_mp1": paired_rates([*map(bool, base)], [*map(bool, few)]),
        }  # fmt: skip


if __name__ == "__main__":
    main()
