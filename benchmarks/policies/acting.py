"""What a trained policy loses by how it acts: other chunk lengths and other clouds, with the same weights.

    OMP_NUM_THREADS=1 python benchmarks/policies/acting.py RUN [RUN …] [--episodes 30]

On validation episodes of each run's own task and seed, paired: as trained, with 1 and 2 of a chunk's actions carried
out, and with 256 and 512 of the cloud's points where training saw 128. Writes ``acting.json`` beside itself.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import harness
import torch

from simplatform.report.statistics import paired_rates, wilson
from simplatform.runs.rundir import RunDirectory

WAYS: dict[str, dict[str, Any]] = {
    "as trained": {}, "execute 1": {"execute": 1}, "execute 2": {"execute": 2}, "256 points": {"points": 256},
    "512 points": {"points": 512},
}  # fmt: skip


def main() -> None:
    """Measure all runs and write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", nargs="+", type=Path)
    parser.add_argument("--episodes", type=int, default=30)
    options = parser.parse_args()
    torch.set_num_threads(1)
    rows = [row for path in options.runs for row in measure(RunDirectory.open(path), options.episodes)]
    harness.write(Path(__file__).with_suffix(".json"), {"episodes": options.episodes, "rows": rows})


def measure(run: RunDirectory, episodes: int) -> list[dict[str, Any]]:
    """Return the outcomes of every way to act with the weights of one run."""
    recipe, checkpoint = run.recipe(), run.last
    assert checkpoint is not None
    rows: list[dict[str, Any]] = []
    for way, changes in WAYS.items():
        won = harness.successes(checkpoint, recipe.task.name, "validation", recipe.seed, episodes, changes)
        base = rows[0]["success"] if rows else won
        rows.append({
            "plugin": recipe.plugin, "task": recipe.task.name, "seed": recipe.seed, "way": way, "success": won,
            "rate": wilson(sum(won), len(won)).to_json(), "p_against_as_trained": paired_rates(base, won),
        })  # fmt: skip
        print(recipe.task.name, recipe.seed, way, wilson(sum(won), len(won)), flush=True)
    return rows


if __name__ == "__main__":
    main()
