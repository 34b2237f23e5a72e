"""``simplatform run``: options win over the file, a dry run makes nothing, the verdict comes first."""

from __future__ import annotations

import json
import warnings

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


WRONG = {
    "an unknown method": ("-p", "nobody"),
    "an unknown task": ("-p", "toy", "-t", "toy/nowhere"),
    "an unknown setting": ("-p", "toy", "--set", "train.stepz=3"),
    "a value of the wrong type": ("-p", "toy", "--set", "train.steps=many"),
    "a keyword that the environment does not take": ("-p", "toy", "--set", "env.sped=3"),
    "a method that does not fit the task": ("-p", "toy", "-t", "helmholtz"),
    "a file that is not there": ("-p", "sindy", "-t", "series", "--set", "env.path=nowhere.csv"),
    "no file where one is needed": ("-p", "sindy", "-t", "series"),
    "an unknown device": ("-p", "toy", "--device", "abacus"),
    "an unknown executor": ("-p", "toy", "--executor", "abacus"),
    "an unknown observer": ("-p", "toy", "--callback", "nobody"),
}


@pytest.mark.parametrize("wrong", WRONG)
def test_a_dry_run_refuses_what_a_run_refuses(program, tmp_path, wrong):
    given = (*WRONG[wrong], "--output", tmp_path / "runs")
    rehearsed = program("run", *given, "--dry-run")
    assert not (tmp_path / "runs").exists()
    assert rehearsed[0] != 0
    code, out, err = program("run", *given)
    assert (code, out, err.splitlines()[-1:]) == (rehearsed[0], rehearsed[1], rehearsed[2].splitlines()[-1:])


def test_a_quiet_run_says_its_result_and_nothing_else(program, tmp_path):
    code, out, err = program("run", "-p", "toy", *SETTINGS, "--device", "cpu", "--output", tmp_path, "--quiet")
    assert code == 0
    assert err == ""
    assert out.startswith("toy ")
    later = program("run", "-p", "toy", *SETTINGS, "--device", "cpu", "--output", tmp_path)
    assert "report: " in later[2]  # quiet was that one alone


def test_a_quiet_verb_leaves_warnings_as_they_were(program):
    before = list(warnings.filters)
    assert program("tasks", "--quiet")[0] == 0
    assert program("run", "-p", "nobody", "--quiet")[0] == 3
    assert warnings.filters == before


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
