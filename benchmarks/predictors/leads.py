"""LEADS on its own Lotka-Volterra environments, with dense hidden layers and with Hankel ones.

    python benchmarks/predictors/leads.py [--seeds 0 1 2] [--output runs]

Both are trained alike, on two trajectories of each of ten environments; test episodes start from unseen states of the
same environments. Writes errors, parameters and operations to ``leads.json`` beside itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import simplatform as sp
from simplatform.experiments.record import write_result
from simplatform.policies.nn.structured import Counts, block_counts, dense_counts
from simplatform.runs.files import read_json

HERE = Path(__file__).parent
WIDTH, ENVIRONMENTS, SUBSTEPS = 64, 10, 1


def main() -> None:
    """Run both kinds over all seeds, and write the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options.add_argument("--output", type=Path, default=Path("runs"))
    chosen = options.parse_args()
    table: dict[str, Any] = {"seeds": chosen.seeds}
    for kind in ("dense", "hankel"):
        runs = [run(kind, seed, chosen.output) for seed in chosen.seeds]
        counts = network(kind)
        table[kind] = {
            "mse": [r.summary["mse"]["value"] for r in runs],
            "mse_interval": [[r.summary["mse"]["low"], r.summary["mse"]["high"]] for r in runs],
            "n": runs[0].summary["mse"]["n"], "fit_seconds": [r.summary["times"]["fit"] for r in runs],
            # f and the ten g_e; a sample takes four evaluations of f + g_e per Runge-Kutta step
            "parameters": (ENVIRONMENTS + 1) * counts.parameters, "flops": 4 * 2 * SUBSTEPS * counts.flops,
            "settings": read_json(runs[0].path / "resolved.json")["settings"]["policy"],
        }  # fmt: skip
        print(kind, table[kind]["mse"], table[kind]["parameters"], table[kind]["flops"], flush=True)
        write_result(HERE / "leads.json", table, missing={"n": "`n` of each kind of layer"})


def run(kind: str, seed: int, output: Path) -> sp.api.Run:
    """Train and test one network."""
    settings = {"env.labels": True, "policy.layers": kind, "policy.width": WIDTH, "policy.substeps": SUBSTEPS}
    return sp.run("leads", "lotka-volterra-leads", seed, settings=settings, output=output, workers=1, device="cpu")


def network(kind: str) -> Counts:
    """Count one network 2-64-64-64-2; a swish takes 5 operations."""
    hidden = block_counts(1, 1, WIDTH) if kind == "hankel" else dense_counts(WIDTH, WIDTH, bias=True)
    ends = dense_counts(2, WIDTH, bias=True) + dense_counts(WIDTH, 2, bias=True)
    return ends + hidden + hidden + Counts(0, 3 * 5 * WIDTH)


if __name__ == "__main__":
    main()
