"""Your own fields, from an HDF5 file to a report: which surrogate, how long its forecasts hold, and what they cost.

    simplatform inspect fields.h5
    simplatform run --plugin field-unet --task fields/own --set env.path=fields.h5

The file is in PDEBench's layout: one array ``tensor`` (trajectory, frame, points), and the coordinates. The last 15 %
of the trajectories are held out; nothing is known of the equation behind them. Here the file is made first, from a
known one; leave that out where you have yours.
"""

import sys
from pathlib import Path

import h5py
import numpy as np

import simplatform as sp
from simplatform import collect, find_task


def main(folder: str | Path = ".", quick: bool = False) -> dict[str, float]:
    path = Path(folder) / "fields.h5"
    if not path.exists():
        write(path, trajectories=6 if quick else 40)
    settings = {
        "env.path": str(path), "policy.multipliers": [1, 2], "train.steps": 40 if quick else 3000, "train.batch": 16,
    }  # fmt: skip
    run = sp.run("field-unet", "fields/own", settings=settings, output=Path(folder) / "runs")
    print(run.verdict)
    print("error over the forecast", run.summary["nrmse"]["value"], "report:", run.report)
    return {name: run.summary[name]["value"] for name in ("nrmse", "vrmse_1")}


def write(path: Path, trajectories: int) -> None:
    """Write advected and diffused waves as PDEBench does."""
    made = collect(find_task("fields/burgers"), count=trajectories, seed=0).demonstrations
    fields = np.stack([episode.observations["field"][:, 0] for episode in made])
    count, frames, points = fields.shape
    with h5py.File(path, "w") as file:
        file["tensor"] = fields
        file["x-coordinate"] = np.arange(points) * 2 * np.pi / points
        file["t-coordinate"] = 0.1 * np.arange(frames)
    print(f"{path}: {count} trajectories of {frames} frames")


if __name__ == "__main__":
    main(quick="--quick" in sys.argv)
