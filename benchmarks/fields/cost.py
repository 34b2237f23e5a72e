"""What a frame costs by NeuralStagger and by the U-Net that it takes apart, in turns, on grids of several sizes.

    python benchmarks/fields/cost.py [--repeats 15]

Burgers' equation in the plane; networks as in ``table.py``, untrained, since a cost does not depend on weights. Both
see one core, and processor time is counted, for one forecast alone and for sixteen in one batch. Writes ``cost.json``.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

import simplatform as sp
from simplatform.experiments.record import write_result
from simplatform.runs.provenance import measured_on

HERE = Path(__file__).parent
PLUGINS = {"stagger": "neural-stagger", "unet": "field-unet"}
POINTS, BATCHES = (32, 64, 128), (1, 16)


def main() -> None:
    """Time both on every grid, and write the ratios."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--repeats", type=int, default=15)
    options.add_argument("--json", type=Path, default=HERE / "cost.json")
    chosen = options.parse_args()
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    torch.set_num_threads(1)
    measured, rows = measured_on(), []
    for points in POINTS:
        policies = {name: untrained(plugin, points) for name, plugin in PLUGINS.items()}
        for batch in BATCHES:
            rows.append({"points": points, "together": batch, **in_turns(policies, batch, points, chosen.repeats)})
            print(rows[-1], flush=True)
    missing = {"seeds": "nothing random is measured", "interval": "ratios of turns: median, least, most"}
    write_result(chosen.json, {"repeats": chosen.repeats, "rows": rows}, missing=missing, measured=measured)


def untrained(plugin: str, points: int) -> Any:
    """Return a policy of the table's sizes on a grid."""
    settings = {"env.points": points, "train.steps": 0, "task.demonstrations": 1, "task.validation": 0}
    with tempfile.TemporaryDirectory() as folder:
        run = sp.run(plugin, "fields/burgers-2d", settings=settings, output=folder, device="cpu", until="fit")
        return sp.load(run.best)


def in_turns(policies: dict[str, Any], batch: int, points: int, repeats: int) -> dict[str, Any]:
    """Return processor seconds of a frame of a forecast, and their ratio turn by turn."""
    seen = {"field": torch.randn(batch, 1, 2, points, points), "parameters": torch.full((batch, 1, 1), 0.1)}
    spent: dict[str, list[float]] = {name: [] for name in policies}
    with torch.inference_mode():
        for _ in range(repeats + 1):
            for name, policy in policies.items():
                began = time.process_time()
                policy.act(seen, generator=torch.Generator())
                spent[name].append((time.process_time() - began) / policy.execute / batch)
    ratios = [a / b for a, b in zip(spent["stagger"][1:], spent["unet"][1:], strict=True)]
    return {
        **{f"{name}_seconds": float(np.median(values[1:])) for name, values in spent.items()},
        "ratio": float(np.median(ratios)), "least": min(ratios), "most": max(ratios),
    }  # fmt: skip


if __name__ == "__main__":
    main()
