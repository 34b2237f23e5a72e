"""``simplatform run``: options win over the file, a dry run makes nothing, the verdict comes first."""

from __future__ import annotations

import json

import pytest

from simplatform.cli.run import request_of
from simplatform.errors import UsageError

QUICK = ("train.steps=2", "task.demonstrations=2", "task.validation=0", "task.episodes=2", "task.opponents=false")
SETTINGS = [part for setting in QUICK for part in ("--set", setting)]


@pytest.fixture
def recipe(tmp_path):
    (tmp_path / "r.toml").write_text('plugin = "toy"\ntask = "toy/point"\nseed = 5\n[train]\nsteps = 3\nlr = 0.1\n')
    return tmp_path / "r.toml"


def test_options_win_over_the_file(recipe):
    found = request_of(recipe, None, None, None, ["train.steps=7"])
    assert found["seed"] == 5
    assert found["settings"] == {"train.steps": 7, "train.lr": 0.1}
    told = request_of(recipe, "mp1", "reach", 0, None)
    assert (told["plugin"], told["task"], told["seed"]) == ("mp1", "reach", 0)
    assert request_of(None, "toy", None, None, None) == {"plugin": "toy", "task": None, "seed": 0, "settings": {}}
    with pytest.raises(UsageError, match="say what to run"):
        request_of(None, None, None, None, None)


def test_a_dry_run_tells_the_recipe_and_makes_nothing(program, recipe, tmp_path):
    code, out, _ = program("run", recipe, "--dry-run", "--output", tmp_path / "runs")
    assert code == 0
    found = json.loads(out)
    assert (found["plugin"], found["seed"], found["settings"]["train"]["steps"]) == ("toy", 5, 3)
    assert not (tmp_path / "runs").exists()


def test_a_run_ends_with_where_its_report_is(program, tmp_path):
    code, out, err = program("run", "-p", "toy", *SETTINGS, "--device", "cpu", "--output", tmp_path)
    assert code == 0, err
    (report,) = tmp_path.rglob("report.html")
    assert out.splitlines()[-1] == f"report: {report}"


def test_json_is_the_summary(program, tmp_path):
    arguments = ("run", "-p", "toy", *SETTINGS, "--device", "cpu", "--output", tmp_path, "--json")
    code, out, _ = program(*arguments)
    found = json.loads(out)
    assert code == 0
    assert found["success"]["n"] == 2
    assert found["run"].startswith(str(tmp_path))
