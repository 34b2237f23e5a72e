"""Which policies leave as one file, in which format, and why the others cannot.

    python benchmarks/export/export.py [--plugins mp1 …]        # all policies of the package, or a look at some

Every policy is trained a little: what is measured is whether the exported graph answers as the policy does, on the
first observations of unseen episodes, for which the number of training steps does not matter. Writes ``export.json``
beside itself.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from pathlib import Path
from typing import Any

import numpy as np

import simplatform as sp
from simplatform.contracts import read_by_pipeline
from simplatform.errors import SimplatformError
from simplatform.experiments.record import write_result
from simplatform.export import FORMATS, export_run
from simplatform.plugin_host.host import get_host
from simplatform.recipes import resolve
from simplatform.runs.provenance import installed
from simplatform.runs.rundir import RunDirectory

HERE = Path(__file__).parent
QUICK: dict[str, Any] = {
    "train.steps": 2, "train.batch": 2, "widths": [8, 16], "points": 16, "steps": 2, "finish": 0, "refine": 0,
    "task.demonstrations": 2, "task.validation": 1, "experts": 2,
}  # fmt: skip
"""Budgets that are taken where a policy has them."""
TOLD = ("leads", "oracle-routing")
"""Policies that read labels, which recorded trajectories do not have."""
WITHOUT: dict[str, dict[str, Any]] = {name: {"policy.potential": False} for name in ("um2n", "um2n-energy", "ugm2n")}
"""Settings without what a file cannot hold; such policies are tried as they are, and with these."""


def record(folder: Path) -> dict[str, str]:
    """Write a small set of demonstrations, trajectories and a series; return their paths by task."""
    from simplatform.demonstrations import Demonstrations, Episode
    from simplatform.demonstrations.formats import save_demonstrations

    draw, episodes = np.random.default_rng(0), []
    for number in range(4):
        state = np.sin(draw.uniform(0, 6) + 0.3 * np.arange(21)[:, None] + np.arange(9)).astype(np.float32)
        cloud = draw.normal(size=(21, 64, 3)).astype(np.float32)
        episodes.append(Episode({"agent_pos": state, "point_cloud": cloud}, state[:-1, :4], seed=number))
    save_demonstrations(Demonstrations(episodes), str(folder / "data.zarr"))
    times = np.linspace(0, 3, 12)
    phase = np.linspace(0, 2, 5)[None, :, None] + np.linspace(1, 2, 3)[:, None, None] * times
    np.savez(folder / "paths.npz", X=np.stack([np.sin(phase), np.cos(phase)], axis=-1), t=times)
    return {"replay": str(folder / "data.zarr"), "trajectories": str(folder / "paths.npz")}


def task_of(recipe_task: str, policy: str) -> str:
    """Return the task on which a policy is tried: recorded data where it stands for the recipe's, which is slower."""
    if recipe_task.startswith("metaworld"):
        return "replay"
    recorded = recipe_task in ("lotka-volterra", "odebench-4") and policy not in TOLD
    return "trajectories" if recorded else recipe_task


def settings_of(name: str, task: str, paths: dict[str, str]) -> dict[str, Any]:
    """Return the small budgets that a policy has, and the file of the task."""
    entry = get_host().registry("policy").get(name)
    known = entry.load_config().model_fields
    found = {key: value for key, value in QUICK.items() if "." in key or key in known}
    if not read_by_pipeline(entry.load()):
        found = {key: value for key, value in found.items() if not key.startswith("train.")}
    place = {"env.path": paths[task]} if task in paths else {}
    if task in paths:
        found = {key: value for key, value in found.items() if not key.startswith("task.")}
    return {**{key if "." in key else f"policy.{key}": value for key, value in found.items()}, **place}


def tried(name: str, folder: Path, paths: dict[str, str], more: dict[str, Any]) -> dict[str, Any]:
    """Train one policy a little and export it in every format; returns its row."""
    task = task_of(resolve(name).task.name, name)
    settings = {**settings_of(name, task, paths), **more}
    run = sp.run(name, task, settings=settings, output=folder, device="cpu", until="fit")
    row: dict[str, Any] = {"plugin": name, "task": task, "with": more}
    for format in FORMATS:
        try:
            found = export_run(RunDirectory(run.path), format)
            free = [key for key, shape in found.inputs.items() if -1 in shape]
            row[format] = {"difference": float(f"{found.difference:.2g}"), "inputs": list(found.inputs), "free": free}
        except SimplatformError as error:
            row[format] = {"refused": str(error)}
    return row


def main() -> None:
    """Try all, and write the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--plugins", nargs="*", default=[])
    chosen = options.parse_args()
    rows = []
    names = [entry.name for entry in get_host().registry("policy") if entry.distribution == "simplatform"]
    with tempfile.TemporaryDirectory() as folder:
        paths = record(Path(folder))
        for name in chosen.plugins or names:
            for more in [{}, WITHOUT[name]] if name in WITHOUT else [{}]:
                rows.append(tried(name, Path(folder) / "runs", paths, more))
                print(json.dumps(rows[-1]), flush=True)
    if not chosen.plugins:
        about = {"seed": 0, "writers": installed(("onnx", "onnxscript", "onnxruntime"))}
        reasons = {"n": "every row says how many observations", "interval": "largest differences, not means"}
        write_result(HERE / "export.json", {**about, "rows": rows}, missing=reasons)


if __name__ == "__main__":
    main()
