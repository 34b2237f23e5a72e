"""The run directory: one execution and all that it left."""

from __future__ import annotations

import json
import os
import shutil
import signal

import pytest

import simplatform as sp
from simplatform.errors import CheckpointError, RunError
from simplatform.runs.rundir import RunDirectory
from tests.core.runs.strangers_cases import FAST, state_of


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A finished run, to be copied by each test."""
    root = tmp_path_factory.mktemp("made")
    os.environ["SIMPLATFORM_CACHE"] = str(root / "cache")
    return sp.run("toy", settings=FAST, output=root / "runs", device="cpu", workers=1).path, root / "cache"


@pytest.fixture
def run(made, tmp_path, monkeypatch):
    """A copy of the finished run, with its demonstrations at hand."""
    monkeypatch.setenv("SIMPLATFORM_CACHE", str(made[1]))
    shutil.copytree(made[0], tmp_path / made[0].name)
    return RunDirectory(tmp_path / made[0].name)


@pytest.fixture(autouse=True)
def five_seconds():
    """Nothing waits for a pipe: a test that hangs ends."""

    def late(number, frame):
        raise TimeoutError("it hangs")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(20)
    yield
    signal.alarm(0)


def test_fresh_leaves_what_we_did_not_write(run):
    (run.path / "notes.txt").write_text("mine")
    (run.path / "checkpoints" / "0000001").mkdir()
    (run.path / "checkpoints" / "0000001" / "notes.txt").write_text("mine")
    (run.path / "checkpoints" / "000002").mkdir()
    (run.path / "checkpoints" / "000002" / "notes.txt").write_text("mine")
    sp.run("toy", settings=FAST, output=run.path.parent, device="cpu", workers=1, fresh=True)
    for name in ("notes.txt", "checkpoints/0000001/notes.txt", "checkpoints/000002.kept1/notes.txt"):
        assert (run.path / name).read_text() == "mine"
    assert (run.path / "report.html").exists()


def test_a_hard_link_of_the_log_is_copied_before_it_grows(run, tmp_path):
    other = tmp_path / "bashrc"
    other.write_text("export A=1\n")
    (run.path / "metrics.jsonl").unlink()
    (run.path / "metrics.jsonl").hardlink_to(other)
    run.append_metrics(5, {"loss": 1.0})
    assert other.read_text() == "export A=1\n"
    assert run.metrics()[-1] == {"step": 5, "loss": 1.0}


@pytest.mark.parametrize("path", ["/proc/self/cwd/demos", "../demos", "a/b", "..", "", "x\n"])
def test_a_path_that_leads_out_of_the_cache_is_not_followed(run, path):
    card = json.loads((run.path / "demonstrations_train.json").read_text())
    (run.path / "demonstrations_train.json").write_text(json.dumps({**card, "path": path}))
    with pytest.raises(RunError, match="damaged: path: String should match"):
        run.demonstrations("train")


def test_a_configuration_cannot_ask_for_more_than_the_weights_fill(run):
    card = json.loads((run.last / "policy.json").read_text())
    before = json.dumps({**card, "config": {**card["config"], "width": 10_000_000}})
    (run.last / "policy.json").write_text(before)
    with pytest.raises(CheckpointError, match="many times larger than the weights"):
        sp.load(run.path)


def test_a_run_in_use_is_not_started_again(run):
    before = state_of(run.path)
    with RunDirectory(run.path).lock(), pytest.raises(RunError, match="in use by another process"):
        sp.run("toy", settings=FAST, output=run.path.parent, device="cpu", fresh=True)
    assert state_of(run.path) == before


def test_a_run_whose_process_died_has_failed(run):
    run.set_status("running", stage="fit")
    assert (run.status["state"], run.status["stage"]) == ("failed", "fit")
    assert "its process ended without a word" in run.status["error"]
    with run.lock():
        assert run.status["state"] == "running"
