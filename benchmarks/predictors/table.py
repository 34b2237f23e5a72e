"""Predictors against each other: every method on every system over seeds, with the same data and test episodes.

    python benchmarks/predictors/table.py [--tasks lorenz …] [--methods stnn …] [--seeds 0 1 2] [--output runs]

Settings beside a method's own defaults are those of ``ROWS``; where a row lists several, the one that predicts
validation trajectories longest is kept, seed by seed. Finished runs are reused, so that the table can be continued.
Writes ``table.json`` beside itself; ``bars.py`` reads it.
"""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

import simplatform as sp
from simplatform.envs.dynamics.prediction import PredictionEnv
from simplatform.experiments.record import write_result
from simplatform.recipes import find_task
from simplatform.report.statistics import estimate
from simplatform.runs.episodes import read_rows
from simplatform.runs.files import read_json
from simplatform.runs.provenance import measured_on

HERE = Path(__file__).parent
Settings = dict[str, Any]


def long(q: int, **more: Any) -> Settings:
    """Return settings for windows of q states."""
    return {"env.window": q, "policy.delays": q, **more}


LAGGED = {"env.window": 96, "policy.delays": 20, "policy.lag": 5}
X_ONLY = {
    **LAGGED, "policy.blocks": 3, "policy.depth": 2, "policy.activation": "rational", "policy.varpro_steps": 150,
}  # fmt: skip
LIFTED = {
    "policy.delays": 1, "policy.width": 16, "policy.blocks": 2, "policy.depth": 2, "policy.init": "random",
}  # fmt: skip
FIELD = {
    "policy.delays": 1, "policy.stencil": 12, "policy.jitter": 1e-3, "policy.steps": 800,
    "policy.varpro_steps": 100,
}  # fmt: skip
ACROSS = {**FIELD, "policy.over": "space", "policy.depth": 2}
OPPONENTS: dict[str, tuple[str, list[Settings]]] = {
    "gated-field": ("gated-field", [{}]),
    "sindy": ("sindy", [{}]),
    "nvar": ("nvar", [{}]),
    "reservoir": ("reservoir", [{}]),
    "reservoir, warmed up": ("reservoir", [{"env.window": 200}]),
    "context-parroting": ("context-parroting", [{}]),
    "mean-state": ("mean-state", [{}]),
    "persistence": ("persistence", [{}]),
}
"""What a practitioner would name first, and our own field of such terms; "warmed up" sees 200 measured samples, the
others the task's window."""
PARTIAL = {name: row for name, row in OPPONENTS.items() if name not in ("gated-field", "sindy", "reservoir, warmed up")}
HELD_OUT = ("dysts/Rucklidge", "dysts/Halvorsen", "dysts/Thomas")
"""Attractors that no setting was ever chosen on."""
ROWS: dict[str, dict[str, tuple[str, list[Settings]]]] = {
    "lorenz": {
        "stnn": ("stnn", [{}]),
        "stnn q32": ("stnn", [long(32)]),
        "dense twin": ("dense-twin", [{}]),
        "mlp": ("mlp", [{}, {"policy.delays": 8}]),
        "mlp, as many parameters": ("mlp", [{"policy.width": 21}, {"policy.width": 14, "policy.delays": 8}]),
        "hankel-dmd": ("hankel-dmd", [{}]),
        "havok": ("havok", [{}]),
        **OPPONENTS,
    },
    "lorenz-noisy": {
        "stnn": ("stnn", [long(32)]),
        "stnn-latent": ("stnn-latent", [{"policy.hidden": 0}]),
        "mlp": ("mlp", [long(32), {"policy.delays": 1}]),
        "hankel-dmd": ("hankel-dmd", [{}]),
        "havok": ("havok", [{}]),
        **OPPONENTS,
    },
    "lorenz-x": {
        "stnn": ("stnn", [X_ONLY]),
        "stnn-latent": ("stnn-latent", [{}]),
        "mlp": ("mlp", [long(100), LAGGED, {**LAGGED, "policy.varpro_steps": 500}]),
        "hankel-dmd": ("hankel-dmd", [{}]),
        "havok": ("havok", [{}]),
        **PARTIAL,
    },
    **{
        task: {
            "stnn": ("stnn", [{}]),
            "stnn, lifted": ("stnn", [LIFTED]),
            "dense twin": ("dense-twin", [{}]),
            "mlp": ("mlp", [{}]),
            **OPPONENTS,
        }
        for task in HELD_OUT
    },
    **{
        task: {
            "stnn": ("stnn", [{}, LIFTED]),
            "mlp": ("mlp", [{}, {"policy.delays": 8}]),
            "hankel-dmd": ("hankel-dmd", [{}]),
            **OPPONENTS,
        }
        for task in ("rossler", "chua", "double-pendulum")
    },
    **{
        task: {
            "stnn": ("stnn", [{**ACROSS, "policy.jitter": 1e-4}, {**ACROSS, "policy.stencil": 8, "policy.blocks": 8}]),
            "mlp": ("mlp", [FIELD, {**FIELD, "policy.jitter": 1e-4}]),
            "hankel-dmd": ("hankel-dmd", [{"env.window": 8, "policy.delays": 8, "policy.ranks": [15, 60]}]),
            "persistence": ("persistence", [{}]),
        }
        for task in ("kuramoto-sivashinsky", "nlse-soliton", "nlse-collision", "nlse-breather", "nlse-modulation")
    },
}


def main() -> None:
    """Run what is asked for, and write the table after every row."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tasks", nargs="+", default=list(ROWS))
    options.add_argument("--methods", nargs="+", help="rows of those tasks; all by default")
    options.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options.add_argument("--episodes", type=int, default=20)
    options.add_argument("--output", type=Path, default=Path("runs"))
    options.add_argument("--json", type=Path, default=HERE / "table.json")
    chosen = options.parse_args()
    path = chosen.json
    for task in chosen.tasks:
        for name, (plugin, candidates) in ROWS[task].items():
            if chosen.methods and name not in chosen.methods:
                continue
            runs = [best(plugin, task, seed, candidates, chosen) for seed in chosen.seeds]
            found = row(task, name, plugin, runs, chosen)
            table = read_json(path) if path.exists() else {"rows": {}}  # another process may have written
            table["rows"][f"{task} / {name}"] = found
            own = ["benchmarks/predictors/table.py"] if path == HERE / "table.json" else sys.argv
            write_result(path, table, measured={**measured_on(), "command": shlex.join(["python", *own])})


def best(plugin: str, task: str, seed: int, candidates: list[Settings], chosen: argparse.Namespace) -> sp.api.Run:
    """Fit all candidates, and evaluate the one that predicts validation trajectories longest."""
    options = {"output": chosen.output, "device": "cpu"}
    episodes = {"task.episodes": chosen.episodes, "task.record": 1, "task.opponents": False}
    if len(candidates) > 1:
        fitted = [sp.run(plugin, task, seed, settings={**s, **episodes}, until="fit", **options) for s in candidates]
        scores = [validation_steps(run) for run in fitted]
        candidates = [candidates[int(np.argmax(scores))]]
    return sp.run(plugin, task, seed, settings={**candidates[0], **episodes}, workers=1, **options)


def validation_steps(run: sp.api.Run) -> float:
    """Return the last validation score that a fit told."""
    from simplatform.runs.rundir import RunDirectory

    told = [m["validation_valid_steps"] for m in RunDirectory(run.path).metrics() if "validation_valid_steps" in m]
    return told[-1] if told else 0.0


def row(task: str, name: str, plugin: str, runs: list[sp.api.Run], chosen: argparse.Namespace) -> dict[str, Any]:
    """Return one row: counts, one-step error, and metrics pooled over the test episodes of all seeds."""
    episodes = [r for run in runs for r in read_rows(run.path / "eval" / "episodes.parquet") if r["split"] == "test"]
    counts = [sp.load(run.best).counts() for run in runs]
    found = {
        "task": task, "name": name, "plugin": plugin, "seeds": chosen.seeds, "n": len(episodes),
        "parameters": int(np.median([c.parameters for c in counts])),
        "flops": float(np.median([c.flops for c in counts])),
        "one_step": [one_step(run, task) for run in runs],
        "vpt_median": float(np.median([r["valid_prediction_time"] for r in episodes])),
        "vpt": estimate([r["valid_prediction_time"] for r in episodes], "mean").to_json(),
        "fit_seconds": [run.summary["times"].get("fit") for run in runs],
        "settings": [read_json(run.path / "resolved.json")["settings"]["policy"] for run in runs],
        **{f"error_{h}_median": float(np.median([r[f"error_{h}"] for r in episodes])) for h in (50, 100, 200)},
    }  # fmt: skip
    print(
        task,
        name,
        found["parameters"],
        round(found["flops"]),
        found["one_step"],
        round(found["vpt_median"], 2),
        flush=True,
    )
    return found


@torch.no_grad()
def one_step(run: sp.api.Run, task_name: str) -> float:
    """Return the root mean square error of one step from measured windows, in the env's units, over a test path."""
    resolved = read_json(run.path / "resolved.json")
    env = PredictionEnv(**{**resolved["env"], **find_task(task_name).splits["test"], "steps": 400})
    env.reset(seed=12345)
    policy = sp.load(run.best)
    windows = torch.as_tensor(env.measured.copy()).unfold(0, env.window, 1).transpose(1, 2)[:-1]
    predicted = policy.predict(windows[:, -policy.delays :])
    gap = (predicted - torch.as_tensor(env.truth[env.window :])) / torch.as_tensor(env.scale)
    return float(gap.square().mean().sqrt())


if __name__ == "__main__":
    main()
