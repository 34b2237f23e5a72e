"""Success of the comparison's trained policies with fewer network evaluations per action; continued where it stopped.

    OMP_NUM_THREADS=1 python benchmarks/policies/evaluations.py --output runs/comparison [--nfe 1 2]

Nothing is trained: every run of the comparison that takes any number of evaluations acts again in its test episodes,
sampled with the number given. DP3's own indices are multiples of ``steps // nfe``, so that a single step evaluates the
network where there is least noise; it therefore acts with one step from the noisiest index as well. Every MP1 acts once
more with one evaluation of its instantaneous velocity (r = 1) in place of the average one (r = 0). MP1's single
evaluation and each method's own number stand beside it, from ``comparison.json`` and other tables of such runs. Writes
``evaluations.json``: per method and number of evaluations the success over all tasks and seeds, and paired tests
against both, over the same episodes and over the runs.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import nullcontext
from itertools import chain, product
from pathlib import Path
from typing import Any
from unittest import mock

import harness
import torch
from comparison import SETTINGS, TASKS, finished, measured
from torch import Tensor

from simplatform.api import Run
from simplatform.experiments.record import write_result
from simplatform.policies.manipulation.mp1 import MP1
from simplatform.report.statistics import estimate

HERE = Path(__file__).parent
REFERENCE = "mp1"
INSTANT = "mp1, instantaneous"
NOISIEST = "dp3, from the noisiest index"
METHODS = ("dp3", NOISIEST, "simple-dp3", "flow-matching", INSTANT)
FIELDS = ("method", "nfe", "task", "seed")
Key = tuple[str, int, str, int]
"""Method, evaluations, task, seed."""
Case = tuple[str, str, int]
"""Plugin, task, seed."""


def main() -> None:
    """Evaluate what is missing, and write the table after every run."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--output", type=Path, default=Path("runs/comparison"))
    options.add_argument("--methods", nargs="+", default=list(METHODS))
    options.add_argument("--tasks", nargs="+", default=list(TASKS))
    options.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    options.add_argument("--nfe", type=int, nargs="+", default=[1])
    options.add_argument("--tables", type=Path, nargs="+", default=[HERE / "comparison.json"], help="of these runs")
    options.add_argument("--json", type=Path, default=Path(__file__).with_suffix(".json"))
    chosen = options.parse_args()
    torch.set_num_threads(1)
    records = {key: run for table in chosen.tables for key, run in measured(table).items()}
    whole = {key: run["success"] for key, run in records.items()}
    found = {
        (plugin, run["nfe"], task, seed): run["success"]
        for (plugin, task, seed), run in records.items()
        if plugin in METHODS
    }
    found |= {key_of(run): run["success"] for run in harness.earlier(chosen.json, SETTINGS)}
    for nfe, seed, task, method in product(chosen.nfe, chosen.seeds, chosen.tasks, chosen.methods):
        key = method, nfe, task, seed
        if key in found or (run := finished((plugin_of(method), task, seed), chosen.output)) is None:
            continue
        if method not in (INSTANT, NOISIEST) or nfe == 1:
            found[key] = outcomes(key, Run(run.path).best)
            print(*key, sum(found[key]), flush=True)
            write(chosen.json, found, whole)
    write(chosen.json, found, whole)


def write(path: Path, found: dict[Key, list[int]], whole: dict[Case, list[int]]) -> None:
    """Write the table of all that is done."""
    runs = [dict(zip(FIELDS, key, strict=True), success=value) for key, value in found.items()]
    table = {"settings": SETTINGS, "split": "test", "rows": list(rows(found, whole)), "runs": runs}
    write_result(path, table)


def outcomes(key: Key, checkpoint: Path) -> list[int]:
    """Return which test episodes succeed."""
    method, nfe, task, seed = key
    changes: dict[str, Any] = {} if method == INSTANT else {"nfe": nfe}
    if method == NOISIEST:
        changes["sampler"] = "dpm++2m"  # whose first step is DDIM's, from the last index down
    with mock.patch.object(MP1, "sample", instantaneous) if method == INSTANT else nullcontext():
        found = harness.successes(checkpoint, task, "test", seed, SETTINGS["task.episodes"], changes)
    return [int(ok) for ok in found]


def instantaneous(policy: MP1, condition: Tensor, noise: Tensor) -> Tensor:
    """Return a chunk with one step along the velocity at t = 1, as a flow without averages would take it."""
    return noise - policy.unet(noise, (1.0, 1.0), condition)


def plugin_of(method: str) -> str:
    """Return the plugin whose run is evaluated."""
    return method.split(",")[0]


def key_of(run: dict[str, Any]) -> Key:
    """Return what tells a run of the table from the others."""
    return tuple(run[field] for field in FIELDS)  # type: ignore[return-value]


def rows(found: dict[Key, list[int]], whole: dict[Case, list[int]]) -> Iterator[dict[str, Any]]:
    """Yield a row per method and number of evaluations, beside its own number and MP1 on the same episodes."""
    for method, nfe in dict.fromkeys(key[:2] for key in found):
        cases = [key[2:] for key in found if key[:2] == (method, nfe)]
        few = [found[method, nfe, *case] for case in cases]
        own, base = ([whole[name, *case] for case in cases] for name in (plugin_of(method), REFERENCE))
        counted = {"success": few, "own": own, REFERENCE: base}
        row = {"method": method, "nfe": nfe, "cases": len(cases)}
        row |= {name: estimate([*map(float, chain(*runs))], "rate").to_json() for name, runs in counted.items()}
        for name, other in (("own", own), (REFERENCE, base)):
            row |= {f"{key}_{name}": value for key, value in harness.paired(other, few).items()}
        yield row


if __name__ == "__main__":
    main()
