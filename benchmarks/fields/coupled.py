"""One net for all fields of a coupled problem beside a net for each, at equal parameters, updates and data.

    python benchmarks/fields/coupled.py [--problems electro-thermal-lite …] [--seeds 0 1 2] [--output runs]

Fourier neural operators; those for one field are narrower, so that all of a problem's together have as many parameters
as the one that finds all fields. The error is a field's nRMSE on test episodes. Writes ``coupled.json`` beside itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch

import simplatform as sp
from simplatform.envs.fields import scores
from simplatform.experiments.record import write_result
from simplatform.pipeline.environments import make_env
from simplatform.recipes import resolve

HERE = Path(__file__).parent
SETTINGS = {
    "train.steps": 400, "train.batch": 16, "train.lr": 2e-3, "policy.modes": 12, "policy.layers": 3,
    "task.demonstrations": 64, "task.validation": 0, "task.opponents": False,
}  # fmt: skip
PROBLEMS = {"electro-thermal-lite": ("potential", "temperature"),
            "thermo-fluid-lite": ("velocity x", "velocity y", "temperature")}  # fmt: skip
WIDTH = 24
EPISODES, FIRST = 20, 10_000


def main() -> None:
    """Train all nets of every problem and seed, and compare field by field."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--problems", nargs="+", default=list(PROBLEMS))
    options.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options.add_argument("--output", type=Path, default=Path("runs"))
    options.add_argument("--json", type=Path, default=HERE / "coupled.json")
    chosen = options.parse_args()
    rows: list[dict[str, Any]] = []
    for seed in chosen.seeds:
        for problem in chosen.problems:
            fields = PROBLEMS[problem]
            together, count = trained(problem, fields, WIDTH, seed, chosen.output)
            narrow = round(WIDTH / len(fields) ** 0.5)
            apart = [trained(problem, (name,), narrow, seed, chosen.output) for name in fields]
            for number, name in enumerate(fields):
                rows.append({
                    "problem": problem, "field": name, "seed": seed, "coupled": together[number].tolist(),
                    "separate": apart[number][0][0].tolist(), "parameters": count,
                    "parameters_separate": sum(parameters for _, parameters in apart), "episodes": EPISODES,
                })  # fmt: skip
                print(problem, name, seed, np.mean(rows[-1]["coupled"]), np.mean(rows[-1]["separate"]), flush=True)
            write_result(chosen.json, {"rows": rows, "fields": compared(rows), "settings": SETTINGS})


def trained(
    problem: str, fields: tuple[str, ...], width: int, seed: int, output: Path
) -> tuple[np.ndarray[Any, Any], int]:
    """Train a net for some fields; return its errors ``(fields, episodes)``, and its parameters."""
    settings = {**SETTINGS, "policy.width": width, "env.fields": list(fields)}
    task = f"fields/{problem}"
    run = sp.run("fno", task, seed, settings=settings, output=output, device="cpu", until="fit")
    policy: Any = sp.load(run.best)
    env: Any = make_env(resolve("fno", task, seed, settings=settings).task, "test").unwrapped
    errors = [error_of(policy, env, FIRST + number) for number in range(EPISODES)]
    return np.array(errors).T, sum(p.numel() for p in policy.parameters())


def error_of(policy: Any, env: Any, seed: int) -> list[float]:
    """Return the nRMSE of each field that is asked for, in one episode of a steady problem."""
    shown, _ = env.reset(seed=seed)
    with torch.no_grad():
        batch = {name: torch.tensor(value)[None, None] for name, value in shown.items()}
        found = policy.act(batch, generator=torch.Generator().manual_seed(0))[0, 0].double().numpy()
    true = env.truth[1]
    return [scores.nrmse(found[[c]], true[[c]]) for c in range(env.given, len(true))]


def compared(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return each field's errors over all seeds and the ratio, with its bootstrapped interval over episodes."""
    found = {}
    for problem, field in dict.fromkeys((row["problem"], row["field"]) for row in rows):
        own = [row for row in rows if (row["problem"], row["field"]) == (problem, field)]
        one, many = (np.concatenate([row[name] for row in own]) for name in ("coupled", "separate"))
        drawn = np.random.default_rng(0).integers(len(one), size=(4000, len(one)))
        low, high = np.quantile(one[drawn].mean(1) / many[drawn].mean(1), (0.025, 0.975))
        found[f"{problem} / {field}"] = {
            "coupled": float(one.mean()), "separate": float(many.mean()), "n": len(one),
            "ratio": float(one.mean() / many.mean()), "interval": [float(low), float(high)],
            "ratios": [float(np.mean(row["coupled"]) / np.mean(row["separate"])) for row in own],
        }  # fmt: skip
    return found


if __name__ == "__main__":
    main()
