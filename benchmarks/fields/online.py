"""Online training beside a set that was collected before: the same network, updates and held-out trajectories.

    python benchmarks/fields/online.py [--rows …] [--seeds 0 1 2] [--output runs]

A Fourier neural operator on Burgers' equation learns from 100 trajectories, or from those that are solved while it
trains, through each kind of buffer. The error is that of one step on held-out trajectories, in the unit of an increment
(the root of the validation loss). What is claimed: online through a reservoir ≤ 0.8 × offline. Writes ``online.json``.
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
FRESH = {
    "collect.online": True,
    "collect.rate": 0.6,
    "collect.first": 100,
    "collect.threshold": 1000,
    "collect.together": 10,
}
ROWS: dict[str, dict[str, Any]] = {
    "offline, 100 trajectories": {"task.demonstrations": 100},
    "online, reservoir": {**FRESH, "collect.capacity": 8000},
    "online, fifo": {**FRESH, "collect.buffer": "fifo", "collect.rate": 0.8, "collect.capacity": 8000},
    "online, firo": {**FRESH, "collect.buffer": "firo", "collect.rate": 0.8, "collect.capacity": 8000},
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
    task = resolve("fno", "burgers", settings={"env.points": 32}).task
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
    offline = {one["seed"]: one["error"] for one in rows.get("offline, 100 trajectories", {"runs": []})["runs"]}
    ratios = {
        name: [one["error"] / offline[one["seed"]] for one in row["runs"] if one["seed"] in offline]
        for name, row in rows.items()
    }
    means = {name: float(np.mean(values)) for name, values in ratios.items() if values}
    return {"error_by_offline": ratios, "mean": means, "bar": 0.8, "episodes": HELD_OUT}


if __name__ == "__main__":
    main()
