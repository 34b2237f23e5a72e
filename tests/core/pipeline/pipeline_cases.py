"""What the tests of pipeline share."""

from __future__ import annotations

import subprocess
import sys

from simplatform.runs.checkpoint import read_tensors
from tests.conftest import subprocess_env

FAST = {"train.steps": 12, "task.episodes": 3, "train.checkpoint_every": 4, "train.validate_every": 6}


def weights(run):
    return read_tensors(run.best / "model.safetensors")


def start(tmp_path, output, slow=0.02, steps=60, extra=()):
    command = [
        sys.executable, "-m", "simplatform.cli", "train", "--plugin", "toy", "--output", str(output),
        "--set", f"train.steps={steps}", "--set", "train.checkpoint_every=5", "--set", f"slow={slow}", *extra,
    ]  # fmt: skip
    return subprocess.Popen(
        command, cwd=tmp_path, env=subprocess_env(tmp_path), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
