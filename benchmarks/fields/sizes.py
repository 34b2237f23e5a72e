"""The learning rates of ``table.py`` and the refiner's last noise, chosen on development problems it does not hold.

    python benchmarks/fields/sizes.py [--output runs]

Kuramoto–Sivashinsky at viscosity 0.8 (the table has 1): the U-Net and the refiner each have the rate with the longest
correlation time, the refiner together with the variance of its last noise, of which the published one is a candidate.
Navier–Stokes at viscosity 0.01 (the table draws it): one rate for all methods in the plane, that with the smallest
error of a step, the mean of a convolutional network and a transformer. Seeds of their own. Writes ``sizes.json``
beside itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from table import HERE, KS, NAVIER_STOKES, ROWS, Row, measure

from simplatform.experiments.record import write_result

SEED = 100
CHAOS = {**KS, "train.steps": 3000, "env.parameters": {"viscosity": 0.8}}
FLOW = {"train.steps": 200, "train.checkpoint_every": 1000, "env.parameters": {"viscosity": 0.01}}
UNET = (2e-3, 4e-3)
REFINER = ((2e-3, 4e-7), (2e-3, 2.5e-5), (2e-3, 1e-3), (2e-3, 1e-2), (4e-3, 1e-3), (4e-3, 1e-2))
"""Rate, and variance of the last noise."""
PLANE = (2e-3, 4e-3)
IN_THE_PLANE = ("sinenet, 1 waves", "scot, next frame")


def main() -> None:
    """Train all candidates, and write which are best."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--output", type=Path, default=Path("runs"))
    options.add_argument("--json", type=Path, default=HERE / "sizes.json")
    given = options.parse_args()
    tried = [*chaos(given.output), *flow(given.output)]
    unet, refiner = (
        max((one for one in tried if one["method"] == method), key=lambda one: one["correlation_time"])
        for method in ("field-unet", "pde-refiner")
    )
    errors = {rate: np.mean([one["vrmse_1"] for one in tried if one["task"] == NAVIER_STOKES and one["rate"] == rate])
              for rate in PLANE}  # fmt: skip
    chosen = {
        "unet": {"train.lr": unet["rate"]},
        "refiner": {"train.lr": refiner["rate"], "policy.minimum": refiner["minimum"]},
        "plane": {"train.lr": min(PLANE, key=lambda rate: float(errors[rate]))},
    }
    write_result(given.json, {"chosen": chosen, "runs": tried}, missing={"interval": "a choice, and no claim"})
    print(chosen)


def chaos(output: Path) -> list[dict[str, Any]]:
    """Measure the candidates of Kuramoto–Sivashinsky."""
    found = [one("kuramoto-sivashinsky", "field-unet", Row("field-unet", {**CHAOS, "train.lr": rate}), output)
             for rate in UNET]  # fmt: skip
    for rate, minimum in REFINER:
        row = Row("pde-refiner", {**CHAOS, "train.lr": rate, "policy.minimum": minimum})
        found.append({**one("kuramoto-sivashinsky", "pde-refiner", row, output), "minimum": minimum})
    return found


def flow(output: Path) -> list[dict[str, Any]]:
    """Measure the candidates of Navier–Stokes."""
    return [
        one(NAVIER_STOKES, name, Row(row.plugin, {**row.settings, **FLOW, "train.lr": rate}), output)
        for rate in PLANE
        for name, row in ((name, ROWS[NAVIER_STOKES][name]) for name in IN_THE_PLANE)
    ]


def one(task: str, name: str, row: Row, output: Path) -> dict[str, Any]:
    """Measure one candidate."""
    found = {**measure(task, name, row, SEED, output), "rate": row.settings["train.lr"]}
    print(name, found["rate"], found["correlation_time"], found["vrmse_1"], flush=True)
    return found


if __name__ == "__main__":
    main()
