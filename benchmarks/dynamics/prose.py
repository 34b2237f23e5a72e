"""PROSE on five generated families: with the doubtful equation, and from the points alone.

    python benchmarks/dynamics/prose.py [--output RUNS] [--seeds 0] [--steps 3000 10000]

Three trainings a seed: points and equation; points alone for as many updates; points alone for about as many seconds
of one core. Training trajectories as told, 200 of unseen systems of the same families to test on. Runs go on where they
ended, and finished rows are kept.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import torch

import simplatform as sp
from simplatform.experiments.record import write_result
from simplatform.runs.files import read_json
from simplatform.runs.provenance import measured_on

JSON = Path(__file__).with_suffix(".json")


def main() -> None:
    """Train what is missing; write the results after each run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=Path("runs"))
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--demonstrations", type=int, default=5000)
    parser.add_argument("--width", type=int, default=64)
    parser.add_argument("--steps", type=int, nargs=2, default=[3000, 10_000], help="updates; of points alone, as long")
    parser.add_argument("--json", type=Path, default=JSON)
    options = parser.parse_args()
    torch.set_num_threads(1)
    few, many = options.steps
    wanted = [(inputs, steps, seed) for seed in options.seeds
              for inputs, steps in (("fusion", few), ("data", few), ("data", many))]  # fmt: skip
    table = read_json(options.json) if options.json.exists() else {"rows": []}
    for inputs, steps, seed in wanted:
        key = {"inputs": inputs, "steps": steps, "seed": seed, "width": options.width,
               "demonstrations": options.demonstrations}  # fmt: skip
        if any(all(row[name] == value for name, value in key.items()) for row in table["rows"]):
            continue
        table["rows"].append({**key, **trained(key, options.output)})
        command = "python benchmarks/dynamics/prose.py --seeds " + " ".join(map(str, options.seeds))
        write_result(options.json, {"rows": table["rows"]}, measured={**measured_on(), "command": command})


def trained(key: dict[str, Any], output: Path) -> dict[str, Any]:
    """Train and evaluate once."""
    settings = {"policy.inputs": key["inputs"], "policy.width": key["width"], "train.steps": key["steps"],
                "task.demonstrations": key["demonstrations"], "task.opponents": key["steps"] < 5000}  # fmt: skip
    sp.run("prose", seed=key["seed"], settings=settings, output=output, until="collect")
    begun = time.process_time()
    sp.run("prose", seed=key["seed"], settings=settings, output=output, until="fit")
    seconds = time.process_time() - begun
    run = sp.run("prose", seed=key["seed"], settings=settings, output=output)
    found = run.summary["splits"]["test"]["metrics"]
    print(key, round(seconds), found, flush=True)
    return {"fit_cpu_seconds": seconds, "parameters": run.summary["parameters"], **found,
            "opponents": run.summary["opponents"]}  # fmt: skip


if __name__ == "__main__":
    main()
