"""A training step of um2n-energy against the same step of another version of this package, in turns.

    python benchmarks/mesh/energy_step.py --against /path/to/other/python --revision 1a2b3c

Both train the same policy on the same demonstrations, on one thread; what is compared is processor time, five steps at
a time, the versions in turns, each as often first.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
import time
from os import environ
from pathlib import Path
from statistics import median
from typing import IO

HERE = Path(__file__).parent
STEPS = 5


def child() -> None:
    """Take five steps whenever a line comes, and tell their time."""
    import torch

    from simplatform.pipeline.collect import collect
    from simplatform.pipeline.fit import Trainer
    from simplatform.pipeline.start import untrained
    from simplatform.recipes import resolve

    torch.set_num_threads(1)
    recipe = resolve("um2n-energy", "helmholtz", settings={"task.demonstrations": 4})
    demonstrations = collect(recipe.task, count=4, seed=0).demonstrations
    trainer = Trainer(untrained(recipe), demonstrations, recipe.train, 0)  # type: ignore[arg-type]  # it has a loss
    trainer.policy.train()
    for _ in range(3):
        trainer._advance()
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.process_time()
        for _ in range(STEPS):
            trainer._advance()
        print(time.process_time() - start, flush=True)


def started(python: str, cache: str) -> tuple[IO[str], IO[str]]:
    """Start a child under an interpreter, and wait until it is warm."""
    environment = {**environ, "SIMPLATFORM_CACHE": cache, "OMP_NUM_THREADS": "1"}
    process = subprocess.Popen([python, __file__, "--child"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
                               env=environment)  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stdout.readline().strip() == "ready"
    return process.stdin, process.stdout


def main() -> None:
    """Measure, and write the result."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options.add_argument("--against", default=sys.executable, help="interpreter of the other version")
    options.add_argument("--revision", default="", help="what the other version is")
    options.add_argument("--repeats", type=int, default=10)
    options.add_argument("--json", type=Path, default=HERE / "energy_step.json")
    chosen = options.parse_args()
    if chosen.child:
        child()
        return
    from simplatform.experiments.record import write_result

    with tempfile.TemporaryDirectory() as mine, tempfile.TemporaryDirectory() as theirs:
        pipes = [started(sys.executable, mine), started(chosen.against, theirs)]
        found = []
        for turn in range(chosen.repeats):
            times = [0.0, 0.0]
            for which in (turn % 2, 1 - turn % 2):
                into, out = pipes[which]
                into.write("\n")
                into.flush()
                times[which] = float(out.readline()) / STEPS
            found.append(times)
    ratios = sorted(new / old for new, old in found)
    table = {"against": chosen.revision, "repeats": chosen.repeats, "seconds_per_step": median(new for new, _ in found),
             "seconds_per_step_before": median(old for _, old in found), "ratio": median(ratios),
             "ratio_low": ratios[0], "ratio_high": ratios[-1]}  # fmt: skip
    missing = {"seeds": "one policy and one set of demonstrations, the same in both",
               "interval": "the least and the largest ratio stand beside the median"}  # fmt: skip
    write_result(chosen.json, table, missing=missing)
    print(table)


if __name__ == "__main__":
    main()
