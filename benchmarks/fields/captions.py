"""Does Text2PDE do what a caption tells? Six captions of heat and waves, measured again in what it draws.

    OMP_NUM_THREADS=1 python benchmarks/fields/captions.py [--seeds 0 1 2] [--output runs]

Settings were chosen on seed 7. A seed decides demonstrations, weights and 60 test episodes, ten of a caption on
average. Beside it stands persistence, which shows what the measurement says of a field that does not move, and each
caption's own share. Wanted: 90 %. Finished runs are reused. Writes ``captions.json``.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import simplatform as sp
from simplatform.envs.fields.problems.captioned import CAPTIONS
from simplatform.experiments.record import write_result
from simplatform.pipeline.environments import make_env
from simplatform.recipes import find_task
from simplatform.report.statistics import estimate
from simplatform.runs.episodes import read_rows
from simplatform.seeding import episode_seed

HERE = Path(__file__).parent
TASK = "fields/captions"
SETTINGS: dict[str, Any] = {
    "train.steps": 1800, "train.batch": 8, "train.lr": 1e-3, "policy.encoding": 0.35, "task.validation": 0,
    "task.opponents": False,
}  # fmt: skip
METHODS: dict[str, dict[str, Any]] = {"text2pde": SETTINGS, "field-persistence": {}}


def main() -> None:
    """Run every method and seed, and write the table after each."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    options.add_argument("--output", type=Path, default=Path("runs"))
    options.add_argument("--json", type=Path, default=HERE / "captions.json")
    chosen = options.parse_args()
    runs: list[dict[str, Any]] = []
    for seed in chosen.seeds:
        for method, settings in METHODS.items():
            run = sp.run(method, TASK, seed, settings=settings, output=chosen.output, workers=1)
            rows = [row for row in read_rows(run.path / "eval" / "episodes.parquet") if row["split"] == "test"]
            asked = captions(seed, len(rows))
            summary = run.summary
            runs.append(
                {
                    "method": method, "seed": seed, "asked": asked, "done": [int(row["caption"]) for row in rows],
                    "nrmse": [row["nrmse"] for row in rows], "parameters": summary["parameters"],
                    "fit_seconds": summary["times"].get("fit", 0.0),
                }
            )  # fmt: skip
            print(method, seed, sum(runs[-1]["done"]), "of", len(rows), flush=True)
            write_result(
                chosen.json, {"settings": SETTINGS, "rows": [table(runs, name) for name in METHODS], "runs": runs}
            )


def captions(seed: int, count: int) -> list[int]:
    """Return which caption each test episode of a seed has."""
    found, env = [], make_env(find_task(TASK), "test").unwrapped
    for number in range(count):
        env.reset(seed=episode_seed(seed, "test", number))
        found.append(env.caption)
    return found


def table(runs: list[dict[str, Any]], method: str) -> dict[str, Any]:
    """Return how often a method did what it was told, in all and for each caption."""
    own = [run for run in runs if run["method"] == method]
    done = [(asked, done) for run in own for asked, done in zip(run["asked"], run["done"], strict=True)]
    each = {text: [hit for asked, hit in done if asked == number] for number, text in enumerate(CAPTIONS)}
    return {
        "method": method, "seeds": [run["seed"] for run in own],
        "caption": estimate([float(hit) for _, hit in done], "rate").to_json(),
        "nrmse": estimate([value for run in own for value in run["nrmse"]], "mean").to_json(),
        "by_caption": {text: f"{sum(hits)} of {len(hits)}" for text, hits in each.items()},
    }  # fmt: skip


if __name__ == "__main__":
    main()
