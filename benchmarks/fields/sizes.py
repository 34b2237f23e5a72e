"""The learning rate of ``table.py``, chosen once on a development problem that the table does not hold.

    python benchmarks/fields/sizes.py [--output runs]

Kuramoto–Sivashinsky at viscosity 0.8 (the table has 1) and a seed of its own; the plain U-Net and the refiner are given
the same candidates, and the rate with the longer correlation time, the mean of both methods, is the table's for all
methods and tasks. Writes ``sizes.json`` beside itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from table import HERE, Row, measure

from simplatform.experiments.record import write_result

RATES = (5e-4, 2e-3)
METHODS = ("field-unet", "pde-refiner")
SETTINGS = {"train.steps": 500, "train.batch": 16, "env.parameters": {"viscosity": 0.8}}
SEED = 100


def main() -> None:
    """Train both methods at all rates, and write which is best."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--output", type=Path, default=Path("runs"))
    options.add_argument("--json", type=Path, default=HERE / "sizes.json")
    given = options.parse_args()
    output = given.output
    rows = []
    for rate in RATES:
        for plugin in METHODS:
            found = measure("kuramoto-sivashinsky", plugin, Row(plugin, {**SETTINGS, "train.lr": rate}), SEED, output)
            rows.append({**found, "rate": rate})
            print(plugin, rate, found["correlation_time"], found["fit_seconds"], flush=True)
    means = {rate: float(np.mean([r["correlation_time"] for r in rows if r["rate"] == rate])) for rate in RATES}
    chosen = max(RATES, key=lambda rate: means[rate])
    missing = {"interval": "a choice, and no claim"}
    write_result(given.json, {"chosen": chosen, "correlation_time": list(means.values()), "runs": rows},
                 missing=missing)  # fmt: skip


if __name__ == "__main__":
    main()
