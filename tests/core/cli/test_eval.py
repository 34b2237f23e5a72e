"""``simplatform eval``: a policy or an expert, on a split that there is, with settings of acting alone."""

from __future__ import annotations

import json
import shutil

import pytest

import simplatform as sp
from simplatform.envs.recorded.reading import recording
from tests.envs.recorded.cases import dp3, reach

SETTINGS = {"train.steps": 2, "task.demonstrations": 2, "task.validation": 0}


@pytest.fixture
def run(tmp_path):
    return sp.run("toy", settings=SETTINGS, output=tmp_path / "runs", device="cpu", until="fit")


def test_the_expert_of_a_task_reaches_the_goal(program):
    code, out, err = program("eval", "--task", "toy/point", "-n", "3", "--json")
    assert code == 0, err
    found = json.loads(out)
    assert (found["task"], found["split"], found["seed"]) == ("toy/point", "test", 0)
    assert found["metrics"]["success"]["value"] == 1.0
    assert found["metrics"]["success"]["n"] == 3


def test_a_run_and_its_checkpoint_are_the_same_policy(program, run):
    first = json.loads(program("eval", run.path, "-n", "2", "--device", "cpu", "--json")[1])
    second = json.loads(program("eval", run.best, "--task", "toy/point", "-n", "2", "--device", "cpu", "--json")[1])
    assert first["metrics"] == second["metrics"]


def test_another_split_is_another_task_of_the_same_policy(program, run):
    found = json.loads(program("eval", run.path, "-n", "2", "--split", "far", "--device", "cpu", "--json")[1])
    assert found["split"] == "far"


def test_a_run_without_a_checkpoint_says_how_to_go_on(program, tmp_path):
    run = sp.run("toy", settings=SETTINGS, output=tmp_path / "other", device="cpu", until="collect")
    code, _, err = program("eval", run.path)
    assert code == 2
    assert f"{run.path} has no checkpoint yet; `simplatform resume {run.path}` goes on" in " ".join(err.split())


def test_settings_of_training_cannot_change(program, run):
    code, _, err = program("eval", run.path, "--set", "train.lr=1")
    assert code == 2
    assert "cannot change after training" in err


def test_a_checkpoint_is_evaluated_on_a_file_of_ones_own_and_from_any_folder(program, tmp_path, monkeypatch):
    pytest.importorskip("zarr", reason="pip install 'simplatform[pointcloud]'")
    for name, seed in (("first", 0), ("mine", 1)):
        dp3(tmp_path / f"{name}.zarr", reach(lengths=(4,) * 4, seed=seed))
    monkeypatch.chdir(tmp_path)
    settings = {"env.path": "first.zarr", "train.steps": 0, "policy.widths": [8], "policy.points": 8}
    made = sp.run("mp1", "replay", settings=settings, output="runs", device="cpu", until="fit")
    run = made.path.absolute()
    monkeypatch.chdir(tmp_path.parent)
    own = ("--task", "replay", "--set", f"env.path={tmp_path / 'mine.zarr'}", "--device", "cpu", "--json")
    ways = (("eval", run, "--device", "cpu", "--json"), ("eval", run / "checkpoints" / "000000", *own))
    errors = [json.loads(program(*words)[1])["metrics"]["action_error"]["value"] for words in ways]
    assert errors[0] != errors[1]
    assert min(errors) > 0


def test_a_replay_is_evaluated_without_its_file_and_refused_in_one_line_without_the_cache_too(program, tmp_path):
    pytest.importorskip("zarr", reason="pip install 'simplatform[pointcloud]'")
    file = dp3(tmp_path / "own.zarr", reach(lengths=(4,) * 4))
    settings = {"env.path": file, "train.steps": 0, "policy.widths": [8], "policy.points": 8}
    run = sp.run("mp1", "replay", settings=settings, output=tmp_path / "runs", device="cpu", until="fit")
    words, opened = ("eval", run.path, "--device", "cpu", "--json"), recording.__globals__["_read"]
    first = json.loads(program(*words)[1])
    shutil.rmtree(file)
    opened.cache_clear()
    assert json.loads(program(*words)[1])["metrics"] == first["metrics"]
    shutil.rmtree(tmp_path / "cache" / "recordings")
    opened.cache_clear()
    code, out, err = program(*words)
    assert (code, out) == (1, "")
    (line,) = err.splitlines()
    assert str(file) in line
