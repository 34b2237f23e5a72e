"""Train a narrow MP1 for a few steps on one demonstration and load it again: the whole pipeline in a minute.

It teaches the robot nothing; `simplatform run --plugin mp1` does.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import simplatform as sp
from simplatform.contracts import Trainable

SETTINGS = {
    "train.steps": 30, "train.batch": 8, "train.log_every": 10, "policy.widths": [16, 32, 64], "env.max_steps": 60,
    "task.demonstrations": 1, "task.validation": 0, "task.episodes": 1, "task.record": 0,
}  # fmt: skip


def main(output: Path = Path("runs")) -> float:
    """Return the loss of the last logged step divided by that of the first."""
    run = sp.run("mp1", "metaworld/reach", seed=0, settings=SETTINGS, output=output, device="cpu")
    losses = [json.loads(line)["loss"] for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    policy = sp.load(run.best)
    assert isinstance(policy, Trainable)
    assert policy.horizon == 4, "the loaded policy is MP1 again, with chunks of four actions"
    print(f"loss {losses[0]:.3f} → {losses[-1]:.3f}; report: {run.report}")
    value: float = losses[-1] / losses[0]
    return value


if __name__ == "__main__":
    assert main(Path(sys.argv[1] if len(sys.argv) > 1 else "runs")) < 1.0
