"""An edited recipe is obeyed or refused, never ignored."""

from __future__ import annotations

import pytest

import simplatform as sp
from simplatform.api import resume
from simplatform.errors import RunError
from simplatform.runs.editing import differences
from simplatform.runs.rundir import RunDirectory

SETTINGS = {
    "train.steps": 6,
    "task.demonstrations": 2,
    "task.validation": 0,
    "task.episodes": 2,
    "task.opponents": False,
}


@pytest.fixture
def run(tmp_path):
    return sp.run("toy", settings=SETTINGS, output=tmp_path, device="cpu")


def edit(run, before, after):
    path = run.path / "recipe.toml"
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after))


def test_a_finished_run_has_more_steps_and_is_evaluated_again(run):
    first = RunDirectory(run.path).last.name
    made = (run.path / "eval" / "summary.json").stat().st_mtime_ns
    again = resume(run, settings={"train.steps": 9})
    directory = RunDirectory(again.path)
    assert (first, directory.last.name, directory.recipe().train.steps) == ("000006", "000009", 9)
    assert (run.path / "eval" / "summary.json").stat().st_mtime_ns > made
    assert [row["step"] for row in directory.metrics()][-1] == 9
    with pytest.raises(RunError, match=r"train\.steps \(there 9, asked for 6\)"):
        sp.run("toy", settings=SETTINGS, output=run.path.parent, device="cpu")
    fresh = sp.run("toy", settings=SETTINGS, output=run.path.parent, device="cpu", fresh=True)
    assert RunDirectory(fresh.path).last.name == "000006"


def test_an_edited_recipe_file_is_obeyed_or_refused(run):
    edit(run, '"steps" = 6', '"steps" = 8')
    resume(run)
    assert RunDirectory(run.path).last.name == "000008"
    edit(run, "seed = 0", "seed = 1")
    with pytest.raises(
        RunError, match=r"was edited after the run began: seed \(it began with 0, now 1\).*simplatform run"
    ):
        resume(run)
    edit(run, "seed = 1", "seed = 0")
    edit(run, '"steps" = 8', '"steps" = 7')
    with pytest.raises(RunError, match=r"train\.steps \(it began with 8, now 7\)"):
        resume(run)
    edit(run, '"steps" = 7', '"steps" = 8')
    assert resume(run).path == run.path


def test_differences_are_told_by_name():
    assert differences({"a": {"b": 1, "c": []}, "d": 2}, {"a": {"b": 3, "c": []}}) == {"a.b": (1, 3), "d": (2, None)}
