"""Online training beside a set that was collected before: the same network, updates and held-out trajectories.

    python benchmarks/fields/online.py [--rows …] [--seeds 0 1 2] [--output runs]

A Fourier neural operator learns Burgers' equation over a unit of time at once, from start to end, as in its own paper:
a trajectory is one sample, and 100 of them are few. Or it learns steps of a tenth, of which a trajectory has 40: there
100 trajectories hold as much as the network can take in, and fresh ones add nothing. The error is that of one step on
held-out trajectories, in the unit of an increment (the root of the validation loss). What is claimed: online through a
reservoir ≤ 0.8 × offline where data are short. Buffers that show each sample once can make no more updates than the
solver makes batches: theirs are given the reservoir's trajectories. Writes ``online.json``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch

import simplatform as sp
from simplatform.contracts import Trainable
from simplatform.experiments.record import write_result
from simplatform.pipeline.collect import collect
from simplatform.pipeline.fit import windows_of
from simplatform.recipes import resolve
from simplatform.runs.episodes import read_rows
from simplatform.runs.files import read_json

HERE = Path(__file__).parent
SMALL = {
    "env.points": 32, "policy.width": 24, "policy.modes": 16, "policy.layers": 3, "train.steps": 600,
    "train.batch": 32, "train.lr": 2e-3, "task.validation": 0, "train.checkpoint_every": 600,
}  # fmt: skip
SHORT = {**SMALL, "env.frame": 1.0, "env.steps": 1, "train.steps": 1500, "train.checkpoint_every": 1500}
ONLINE = {"collect.online": True, "collect.first": 100, "collect.together": 10, "collect.capacity": 8000}
OFFLINE = "offline, 100 trajectories"
ONCE = {**SHORT, **ONLINE, "train.steps": 20, "train.warmup": 2, "collect.threshold": 100, "collect.rate": 32.0}
ROWS: dict[str, dict[str, Any]] = {
    OFFLINE: {**SHORT, "task.demonstrations": 100},
    "online, reservoir": {**SHORT, **ONLINE, "collect.threshold": 100, "collect.rate": 0.6},
    "online, fifo": {**ONCE, "collect.buffer": "fifo"},
    "online, firo": {**ONCE, "collect.buffer": "firo"},
    f"{OFFLINE} of 40 steps": {**SMALL, "task.demonstrations": 100},
    "online, reservoir, 40 steps": {**SMALL, **ONLINE, "collect.threshold": 1000, "collect.rate": 0.6},
}
HELD_OUT, SEED = 50, 1000


def main() -> None:
    """Train every row and seed, and compare."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options.add_argument("--rows", nargs="+", default=list(ROWS))
    options.add_argument("--output", type=Path, default=Path("runs"))
    options.add_argument("--json", type=Path, default=HERE / "online.json")
    chosen = options.parse_args()
    rows: dict[str, Any] = {
        name: {"settings": {**SMALL, **more}, "runs": []} for name, more in ROWS.items() if name in chosen.rows
    }
    for seed in chosen.seeds:
        for name, row in rows.items():
            row["runs"].append(trained(row["settings"], seed, chosen.output))
            print(name, row["runs"][-1], flush=True)
            write_result(
                chosen.json, {"rows": rows, **compared(rows)}, missing={"interval": "three runs a row, all told"}
            )


def trained(settings: dict[str, Any], seed: int, output: Path) -> dict[str, Any]:
    """Train, and measure the error of a step on trajectories that no run sees."""
    run = sp.run("fno", "burgers", seed, settings=settings, output=output, device="cpu", until="fit", executor="local")
    policy = sp.load(run.best)
    assert isinstance(policy, Trainable)
    place = {key: value for key, value in settings.items() if key.startswith("env.")}
    task = resolve("fno", "burgers", settings=place).task
    held_out = collect(task, count=HELD_OUT, seed=SEED, split="validation", kind="local").demonstrations
    windows = windows_of(policy, held_out)
    with torch.no_grad():
        loss = policy.loss(windows.take(torch.arange(len(windows))), generator=torch.Generator()).total
    found = {"seed": seed, "error": float(loss.sqrt()), "fit_seconds": read_json(run.path / "times.json").get("fit")}
    if not settings.get("collect.online"):
        return {**found, "trajectories": settings["task.demonstrations"]}
    samples = read_rows(run.path / "samples.parquet")
    gone = [row for row in samples if row["left"] >= 0]
    return {
        **found, "trajectories": len({row["trajectory"] for row in samples}),
        "draws_mean": float(np.mean([row["draws"] for row in samples])),
        "age_mean": float(np.mean([row["age"] for row in gone])) if gone else None,
        "dropped_unseen": sum(not row["draws"] for row in gone),
    }  # fmt: skip


def compared(rows: dict[str, Any]) -> dict[str, Any]:
    """Return each row's error by that of the set, seed by seed."""
    ratios = {}
    for name, row in rows.items():
        beside = f"{OFFLINE} of 40 steps" if "40 steps" in name else OFFLINE
        offline = {one["seed"]: one["error"] for one in rows.get(beside, {"runs": []})["runs"]}
        ratios[name] = [one["error"] / offline[one["seed"]] for one in row["runs"] if one["seed"] in offline]
    means = {name: float(np.mean(values)) for name, values in ratios.items() if values}
    return {"error_by_offline": ratios, "mean": means, "bar": 0.8, "episodes": HELD_OUT}


if __name__ == "__main__":
    main()
