"""Surrogates of PDEs against each other: methods × tasks over seeds, with equal updates, data and test episodes.

    python benchmarks/fields/table.py [--tasks burgers-2d …] [--methods field-unet …] [--seeds 0 1 2] [--output runs]

Settings of a task are those that ``sizes.py`` chose on a development problem. Finished runs are reused, so that the
table can be continued row by row. Writes ``table.json`` beside itself: under "runs" each method and seed, under
"methods" all test episodes of a method's seeds together, under "claims" what was claimed of a method beside another.
"""

from __future__ import annotations

import argparse
import shlex
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from claims import claims

import simplatform as sp
from simplatform.envs.fields.breakeven import break_even
from simplatform.experiments.record import write_result
from simplatform.pipeline.environments import make_env
from simplatform.pipeline.evaluate import evaluate_shards
from simplatform.pipeline.shards import episode_shard
from simplatform.recipes import find_task
from simplatform.report.statistics import estimate
from simplatform.runs.files import read_json
from simplatform.runs.provenance import measured_on

HERE = Path(__file__).parent
Settings = dict[str, Any]
SCORES = ("correlation_time", "vrmse_1", "vrmse_10", "vrmse_100", "nrmse", "spectrum", "diverged")
COSTS = ("parameters", "fit_seconds", "seconds_per_frame", "seconds_per_frame_together")
EPISODES = 10


@dataclass(frozen=True)
class Row:
    """A method: the plugin, its settings, and what differs at test time (frames, settings of acting)."""

    plugin: str
    settings: Settings = field(default_factory=dict)
    steps: int = 0
    acting: Settings = field(default_factory=dict)


NAVIER_STOKES = "navier-stokes"
CHOSEN = read_json(HERE / "sizes.json")["chosen"] if (HERE / "sizes.json").exists() else {}
KEPT = {"task.validation": 0}
KS = {**KEPT, "train.steps": 5000, "train.batch": 32, "task.demonstrations": 128}
STEP = {**KS, **CHOSEN.get("unet", {})}
REFINED = {**KS, **CHOSEN.get("refiner", {})}
PLANE = {**KEPT, **CHOSEN.get("plane", {}), "train.steps": 400, "train.batch": 8, "env.points": 32}
BURGERS = {**KEPT, **CHOSEN.get("plane", {}), "train.steps": 400, "train.batch": 4}
WAVES = {1: 1.91, 2: 1.708, 4: 1.5, 8: 1.316}
"""Growth of SineNet's levels for equal parameters, by the number of waves."""
SCOT = {**PLANE, "train.steps": 600, "policy.leads": 4, "policy.width": 24}
ROWS: dict[str, dict[str, Row]] = {
    "kuramoto-sivashinsky": {
        "field-persistence": Row("field-persistence"),
        "dilated-resnet": Row("dilated-resnet", STEP),
        "fno": Row("fno", STEP),
        "field-unet": Row("field-unet", STEP),
        "field-unet, 4 calls a frame": Row("field-unet", {**STEP, "env.frame": 0.2}, steps=800),
        "pde-refiner": Row("pde-refiner", REFINED),
        **{
            f"pde-refiner, {calls} calls{sampler and ' of ' + sampler}": Row(
                "pde-refiner", REFINED, acting={"nfe": calls, "sampler": sampler}
            )
            for calls, sampler in ((1, ""), (2, ""), (4, "ddim"), (4, "dpm++2m"), (8, "dpm++2m"))
        },
        "one-call-refiner": Row("one-call-refiner", REFINED),
    },
    "burgers-2d": {
        "field-persistence": Row("field-persistence"),
        "field-unet": Row("field-unet", BURGERS),
        "neural-stagger": Row("neural-stagger", BURGERS),
    },
    NAVIER_STOKES: {
        "field-persistence": Row("field-persistence", {"env.points": 32}),
        "fno": Row("fno", PLANE),
        "field-unet": Row("field-unet", PLANE),
        **{
            f"sinenet, {waves} waves": Row(
                "sinenet", {**PLANE, "policy.waves": waves, "policy.growth": growth, "policy.width": 8}
            )
            for waves, growth in WAVES.items()
        },
        "scot, next frame": Row("scot", {**SCOT, "policy.pairs": "next"}),
        "scot, all pairs, half of the trajectories": Row("scot", {**SCOT, "task.demonstrations": 16}),
    },
}


def main() -> None:
    """Run what is asked for, and write the table after every run."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--tasks", nargs="+", default=list(ROWS))
    options.add_argument("--methods", nargs="+", help="rows of those tasks; all by default")
    options.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options.add_argument("--weighed", nargs="*", type=int, default=[0], help="seeds whose break-even is measured")
    options.add_argument("--output", type=Path, default=Path("runs"))
    options.add_argument("--json", type=Path, default=HERE / "table.json")
    chosen = options.parse_args()
    done = read_json(chosen.json)["runs"] if chosen.json.exists() else {}
    for seed in chosen.seeds:
        for task in chosen.tasks:
            for name, row in ROWS[task].items():
                key, settings = f"{task} / {name} / {seed}", {**row.settings, **row.acting}
                asked = not chosen.methods or name in chosen.methods
                if asked and not (key in done and done[key]["settings"] == settings):
                    found = measure(task, name, row, seed, chosen.output, seed in chosen.weighed)
                    add(chosen.json, key, found)


def add(path: Path, key: str, found: dict[str, Any]) -> None:
    """Write a run into the table, and what follows from all that it holds."""
    table = read_json(path) if path.exists() else {"runs": {}}  # another process may have written
    table["runs"][key] = found
    table["runs"] = dict(sorted(table["runs"].items()))
    table["methods"] = pooled(list(table["runs"].values()))
    table["claims"] = claims(table["runs"])
    command = shlex.join(["python", "benchmarks/fields/table.py"])
    write_result(path, table, measured={**measured_on(), "command": command})
    print(key, {name: found[name] for name in ("parameters", "fit_seconds", "correlation_time", "nrmse")}, flush=True)


def measure(task_name: str, name: str, row: Row, seed: int, output: Path, weighed: bool = False) -> dict[str, Any]:
    """Train a method, let it forecast the test episodes, and weigh its costs against the classical solver if asked."""
    settings = {**row.settings, "task.opponents": False}
    run = sp.run(row.plugin, f"fields/{task_name}", seed, settings=settings, output=output, device="cpu", until="fit")
    kwargs = read_json(run.path / "resolved.json")["env"]
    task = replace(find_task(f"fields/{task_name}"), kwargs=kwargs)
    if row.steps:
        task = replace(task, splits={**task.splits, "test": {"steps": row.steps}})
    shards = [
        episode_shard(task, "test", seed, number, checkpoint=str(run.best), changes=row.acting)
        for number in range(EPISODES)
    ]
    found = evaluate_shards(task, shards, workers=1)
    policy = sp.load(run.best, settings=row.acting)
    times = read_json(run.path / "times.json") if (run.path / "times.json").exists() else {}
    frame = found.latency["median"] / policy.execute
    env: Any = make_env(task, "test").unwrapped
    return {
        "task": task_name, "method": name, "seed": seed, "episodes": EPISODES,
        "parameters": sum(p.numel() for p in policy.parameters()) if isinstance(policy, sp.contracts.Module) else 0,
        "calls": getattr(policy, "nfe", 0.0), "fit_seconds": times.get("fit", 0.0), "seconds_per_frame": frame,
        "seconds_per_frame_together": together(policy, env), "frame": env.frame,
        "settings": {**row.settings, **row.acting},
        **{score: found[score].value if found[score].n else None for score in SCORES},
        "break_even": weigh(run.path, task, env, found, times.get("fit", 0.0), frame) if weighed else None,
        "each": {score: [one[score] for one in found.rows] for score in SCORES},
    }  # fmt: skip


def together(policy: Any, env: Any, count: int = 16) -> float:
    """Return the seconds of a frame where so many forecasts are made in one batch, each one's share."""
    shown, _ = env.reset(seed=0)
    batch = {
        name: torch.tensor(value).expand(count, policy.observe, *value.shape).clone() for name, value in shown.items()
    }
    spent = []
    with torch.no_grad():
        for _ in range(6):
            began = time.perf_counter()
            policy.act(batch, generator=torch.Generator().manual_seed(0))
            spent.append(time.perf_counter() - began)
    return float(np.median(spent[1:])) / policy.execute / count


def weigh(path: Path, task: Any, env: Any, found: Any, training: float, frame: float) -> dict[str, Any]:
    """Return when a trained surrogate has cost less than the classical solver of equal error."""
    count = read_json(path / "resolved.json")["settings"]["task"]["demonstrations"]
    even = break_even(
        env, [one["seed"] for one in found.rows[:2]], error=found["nrmse"].value,
        trajectories=task.demonstrations if count < 0 else count, length=int(task.splits["train"]["steps"]),
        training=training, forecast=frame,
    )  # fmt: skip
    return {
        "solves": even.solves if np.isfinite(even.solves) else None,
        "verdict": verdict(even),
        "data_seconds": even.data,
        "solver_seconds_per_frame": even.solver.seconds if even.solver else None,
    }


def verdict(even: Any) -> str:
    """Return in a word when a surrogate pays."""
    if even.solver is None:
        return "no coarsened solver reaches this error"
    return f"after {even.solves:.0f} forecasts" if np.isfinite(even.solves) else "never"


def pooled(runs: list[dict[str, Any]]) -> dict[str, Any]:
    """Return each method's scores over the test episodes of all its seeds."""
    groups: dict[str, list[dict[str, Any]]] = {}
    for one in runs:
        groups.setdefault(f"{one['task']} / {one['method']}", []).append(one)
    return {name: _together(group) for name, group in groups.items()}


def _together(group: list[dict[str, Any]]) -> dict[str, Any]:
    whole = {score: [v for one in group for v in one["each"][score]] for score in SCORES}
    kinds = {score: "rate" if score == "diverged" else "mean" for score in SCORES}
    finite = {score: [v for v in values if v is not None and np.isfinite(v)] for score, values in whole.items()}
    return {
        "seeds": [one["seed"] for one in group],
        **{score: estimate(values, kinds[score]).to_json() for score, values in finite.items()},
        **{key: float(np.mean([one[key] for one in group])) for key in COSTS},
        "break_even": [one["break_even"]["verdict"] for one in group if one["break_even"]],
    }  # fmt: skip


if __name__ == "__main__":
    main()
