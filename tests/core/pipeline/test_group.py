"""Training by several processes: the same losses and weights as one process with the same pieces of a batch."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

import simplatform as sp
from simplatform.errors import ConfigError
from simplatform.pipeline.group import Group
from simplatform.runs.checkpoint import read_tensors

SITE = Path(__file__).parents[2] / "site"
SETTINGS = {
    "train.steps": 30, "train.batch": 8, "train.log_every": 1, "train.checkpoint_every": 10, "train.accumulate": 2,
    "task.demonstrations": 4, "task.validation": 1, "task.episodes": 2,
}  # fmt: skip


def test_pieces_are_shared_evenly():
    assert [list(Group(rank, 3).share(6)) for rank in range(3)] == [[0, 3], [1, 4], [2, 5]]
    assert list(Group().share(4)) == [0, 1, 2, 3]
    with pytest.raises(ConfigError, match=r"train.accumulate=3"):
        Group(0, 3).share(4)


def test_a_batch_that_cannot_be_cut_is_refused(tmp_path):
    settings = {"train.batch": 8, "train.accumulate": 3, "task.validation": 0}
    with pytest.raises(ConfigError, match="cannot be cut"):
        sp.run("toy", settings=settings, output=tmp_path, device="cpu", until="fit")


def test_one_process_communicates_nothing():
    values = [torch.ones(2)]
    Group().add_up(values)
    Group().wait()
    assert Group().any(True, torch.device("cpu"))
    assert values[0].tolist() == [1.0, 1.0]


def trained(tmp_path, processes, until="run"):
    output = tmp_path / f"by{processes}"
    start = ["-m", "torch.distributed.run", "--nproc-per-node", str(processes), "--standalone"] if processes > 1 else []
    pairs = [part for key, value in SETTINGS.items() for part in ("--set", f"{key}={value}")]
    command = [sys.executable, *start, "-m", "simplatform.cli", until, "--plugin", "toy", "--device", "cpu"]
    environment = {
        **os.environ,
        "PYTHONPATH": str(SITE),
        "SIMPLATFORM_CACHE": str(tmp_path / "cache"),
        "OMP_NUM_THREADS": "1",
    }
    result = subprocess.run(
        [*command, "--output", str(output), *pairs], capture_output=True, text=True, env=environment
    )
    assert result.returncode == 0, result.stderr
    (run,) = output.iterdir()
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return run, [row["loss"] for row in rows if "loss" in row]


@pytest.mark.slow
def test_two_processes_learn_what_one_does(tmp_path):
    (one, expected), (two, losses) = trained(tmp_path, 1), trained(tmp_path, 2)
    assert len(losses) == 30
    torch.testing.assert_close(torch.tensor(losses), torch.tensor(expected), rtol=1e-5, atol=1e-7)
    first, second = (read_tensors(run / "checkpoints" / "000030" / "model.safetensors") for run in (one, two))
    torch.testing.assert_close(second, first, rtol=1e-4, atol=1e-6)
    assert json.loads((two / "status.json").read_text())["state"] == "done"
    assert (two / "report.html").exists()
