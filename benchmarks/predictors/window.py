"""How long a window over neighbours must be on Kuramoto-Sivashinsky, by valid steps on validation trajectories.

    OMP_NUM_THREADS=1 python benchmarks/predictors/window.py [--stencils 4 8 12 31] [--seeds 0] [--output runs]

Nothing but the stencil changes; no test episode is seen. Writes ``window.json`` beside itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from table import ACROSS, validation_steps

import simplatform as sp
from simplatform.experiments.record import write_result

SETTINGS = {**ACROSS, "policy.jitter": 1e-4, "policy.steps": 400, "policy.varpro_steps": 25}


def main() -> None:
    """Fit each, and write the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--stencils", nargs="+", type=int, default=[4, 8, 12, 31])
    options.add_argument("--seeds", nargs="+", type=int, default=[0])
    options.add_argument("--output", type=Path, default=Path("runs"))
    chosen = options.parse_args()
    torch.set_num_threads(1)
    rows = []
    for stencil in chosen.stencils:
        settings = {**SETTINGS, "policy.stencil": stencil}
        common = {"settings": settings, "output": chosen.output, "device": "cpu", "until": "fit"}
        runs = [sp.run("stnn", "kuramoto-sivashinsky", seed, **common) for seed in chosen.seeds]
        steps, counts = [round(validation_steps(run), 1) for run in runs], sp.load(runs[0].best).counts()
        rows.append({"window": 2 * stencil + 1, "parameters": counts.parameters, "flops": round(counts.flops),
                     "validation_valid_steps": steps})  # fmt: skip
        print(rows[-1], flush=True)
        table = {"settings": SETTINGS, "seeds": chosen.seeds, "most_steps": 300, "rows": rows}
        missing = {"n": "one fit a seed and row", "interval": "one or a few validation values"}
        write_result(Path(__file__).with_suffix(".json"), table, missing=missing)


if __name__ == "__main__":
    main()
