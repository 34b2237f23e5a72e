"""A task's opponents stand beside every method, on the same episodes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import simplatform as sp
from simplatform.experiments.comparison import compare
from simplatform.experiments.rivals import with_rivals
from simplatform.pipeline import opponents
from simplatform.pipeline.observer import Silent
from simplatform.report.statistics import Estimate, paired_gain
from simplatform.report.verdict import no_better_than
from simplatform.runs.cache import cache_root
from simplatform.runs.episodes import read_rows
from simplatform.runs.rundir import RunDirectory
from simplatform.text import markdown

FAST = {"train.steps": 12, "task.episodes": 4, "train.checkpoint_every": 20, "train.validate_every": 20}
LEARNED = {**FAST, "train.steps": 400, "task.demonstrations": 30, "train.lr": 0.01, "task.episodes": 30}


@pytest.fixture
def run():
    return sp.run("toy", "toy/opposed", settings=FAST)


def test_a_run_measures_the_opponents_on_its_own_episodes(run):
    own = read_rows(run.path / "eval" / "episodes.parquet")
    beside = read_rows(run.path / "eval" / "opponents.parquet")
    for name in ("toy-mean", "expert"):
        theirs = [row for row in beside if row["opponent"] == name]
        assert [(r["split"], r["episode"], r["seed"]) for r in theirs] == [
            (r["split"], r["episode"], r["seed"]) for r in own
        ]
    found = run.summary["opponents"]
    assert found["expert"]["splits"]["test"]["metrics"]["success"]["k"] == 4
    assert set(found["toy-mean"]["gain"]) == {"test", "far"}


def test_an_opponent_that_is_not_installed_costs_nobody_the_run(run):
    failure = run.summary["opponents"]["toy-missing"]["failure"]
    assert "toy-missing" in failure
    assert markdown(failure) in (run.path / "CARD.md").read_text()


def test_the_gain_is_paired_over_the_episodes(run):
    own = [row["success"] for row in read_rows(run.path / "eval" / "episodes.parquet") if row["split"] == "test"]
    metric = RunDirectory(run.path).recipe().task.metric
    expected = paired_gain(metric, own, [1.0] * 4)
    assert Estimate(**run.summary["opponents"]["expert"]["gain"]["test"]) == expected


def test_a_method_that_is_no_better_says_so_first(run):
    assert no_better_than(run.summary) == ["toy-mean"]  # twelve steps teach nothing
    assert run.verdict.startswith("toy is no better than toy-mean on toy/opposed: success ")
    assert (run.path / "CARD.md").read_text().splitlines()[2] == run.verdict
    page = (run.path / "report.html").read_text()
    assert page.index("no better than toy-mean") < page.index('class="headline"')


def test_a_method_that_is_better_says_by_how_much():
    run = sp.run("toy", "toy/opposed", settings=LEARNED)
    assert no_better_than(run.summary) == []
    assert run.verdict.startswith("toy is better than toy-mean, its strongest opponent on toy/opposed: success ")


def test_opponents_are_measured_once_for_all_methods(run, monkeypatch):
    before = sorted((cache_root() / "opponents").glob("toy-opposed-*"))
    monkeypatch.setattr(opponents, "evaluate_shards", None)  # would fail if anything were measured again
    other = sp.run("toy", "toy/opposed", settings={**FAST, "policy.width": 8})
    assert other.summary["opponents"]["toy-mean"]["splits"] == run.summary["opponents"]["toy-mean"]["splits"]
    assert sorted((cache_root() / "opponents").glob("toy-opposed-*")) == before


@pytest.mark.parametrize("damage", [b"", b"not json", None])
def test_a_damaged_measurement_is_made_again(run, damage):
    for card in (cache_root() / "opponents").glob("*/opponent.json"):
        card.write_bytes(damage) if damage is not None else card.unlink()
    again = sp.run("toy", "toy/opposed", settings={**FAST, "policy.width": 8})
    assert again.summary["opponents"]["toy-mean"]["parameters"] == 0
    assert again.summary["opponents"]["expert"]["splits"]["test"]["metrics"]["success"]["k"] == 4


def test_other_demonstrations_are_another_measurement(run):
    sp.run("toy", "toy/opposed", settings={**FAST, "task.demonstrations": 7})
    found = [path.name for path in (cache_root() / "opponents").glob("toy-opposed-toy-mean-*")]
    assert len(found) == 2
    assert len(list((cache_root() / "opponents").glob("toy-opposed-expert-*"))) == 1  # the expert learns from nothing


def test_opponents_can_be_left_out_and_a_method_is_not_its_own():
    run = sp.run("toy", "toy/opposed", settings={**FAST, "task.opponents": False})
    assert run.summary["opponents"] == {}
    assert run.verdict == ""
    recipe = SimpleNamespace(plugin="toy-mean", task=RunDirectory(run.path).recipe().task,
                             data=SimpleNamespace(opponents=True))  # fmt: skip
    assert opponents.names_of(recipe) == ["expert", "toy-missing"]


def test_opponents_are_rows_of_a_comparison(run):
    other = sp.run("toy", "toy/opposed", settings={**FAST}, seed=1)
    found = compare([RunDirectory(run.path), RunDirectory(other.path)])
    assert [(row["plugin"], row["seed"]) for row in found["runs"]] == [
        ("toy", 0), ("toy", 1), ("toy-mean", 0), ("expert", 0), ("toy-mean", 1), ("expert", 1),
    ]  # fmt: skip
    expert = next(row for row in found["methods"] if row["method"] == "expert")
    assert expert["success"].startswith("8/8")
    assert expert["against first"].startswith("p = ")


def test_one_run_is_compared_with_its_opponents(run):
    assert [row["plugin"] for row in compare([RunDirectory(run.path)])["runs"]] == ["toy", "toy-mean", "expert"]


def test_rivals_are_trained_beside_a_run_and_reused():
    first = sp.run("toy-mean", "toy/opposed", settings={"task.episodes": 4})
    found = with_rivals([RunDirectory(first.path)], "cpu", 1, Silent())
    rival = found[1]
    assert rival.recipe().plugin == "toy"
    assert rival.recipe().episodes == 4
    assert rival.status["state"] == "done"
    assert rival.path.parent == first.path.parent
    assert [one.path for one in with_rivals(found, "cpu", 1, Silent())] == [one.path for one in found]
