"""The Python interface: ``run``, ``load``, ``evaluate``. The command line is a thin caller of these."""

from __future__ import annotations

import signal
import time

import pytest
import torch

import simplatform as sp
from simplatform.api import resume
from simplatform.errors import RunError
from simplatform.runs.rundir import RunDirectory
from tests.core.pipeline.pipeline_cases import FAST, start, weights


def wait_for_step(output, step, process, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end and process.poll() is None:
        done = [int(p.name) for p in output.glob("*/checkpoints/*") if p.name.isdigit()]
        if done and max(done) >= step:
            return
        time.sleep(0.01)
    raise AssertionError(f"no checkpoint {step}: {process.communicate()[0]!r}")


def test_kill_and_resume_give_the_same_bits_as_an_undisturbed_run(tmp_path):
    torch.set_num_threads(1)
    settings = {"train.steps": 60, "train.checkpoint_every": 5, "slow": 0.02}
    whole = sp.run("toy", settings=settings, output=tmp_path / "whole", until="fit")
    for output, sign in ((tmp_path / "killed", signal.SIGKILL), (tmp_path / "stopped", signal.SIGTERM)):
        process = start(tmp_path, output)
        wait_for_step(output, 10, process)
        time.sleep(0.13)
        process.send_signal(sign)
        process.wait(30)
        (path,) = output.iterdir()
        state = RunDirectory(path).status["state"]
        assert state == ("failed" if sign == signal.SIGKILL else "preempted")
        assert process.returncode == (-9 if sign == signal.SIGKILL else 130)
        assert 10 <= int(RunDirectory(path).last.name) < 60
        done = resume(path)
        assert all(torch.equal(value, weights(done)[key]) for key, value in weights(whole).items())
        losses = [row["loss"] for row in RunDirectory(path).metrics() if "loss" in row]
        assert losses == [row["loss"] for row in RunDirectory(whole.path).metrics() if "loss" in row]


def test_what_a_killed_process_left_half_written_is_cleared():
    run = sp.run("toy", settings=FAST, until="collect")
    (run.path / "checkpoints" / ".000004.tmp").mkdir(parents=True)
    (run.path / "checkpoints" / ".000004.tmp" / "policy.json").write_text("x")
    (run.path / "checkpoints" / ".last.123.tmp").write_text("x")
    resume(run.path)
    assert not list(run.path.rglob(".*.tmp"))


def test_resume_needs_a_run(tmp_path):
    with pytest.raises(RunError, match="not a run"):
        resume(tmp_path)
