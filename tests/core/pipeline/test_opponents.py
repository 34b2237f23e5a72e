"""A task's opponents stand beside every method, on the same episodes."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

import simplatform as sp
from simplatform.pipeline import opponents
from simplatform.report.statistics import Estimate, paired_gain
from simplatform.runs.cache import cache_root
from simplatform.runs.episodes import read_rows
from simplatform.runs.rundir import RunDirectory
from tests.core.pipeline.opponents_cases import FAST


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


def test_the_gain_is_paired_over_the_episodes(run):
    own = [row["success"] for row in read_rows(run.path / "eval" / "episodes.parquet") if row["split"] == "test"]
    metric = RunDirectory(run.path).recipe().task.metric
    expected = paired_gain(metric, own, [1.0] * 4)
    assert Estimate(**run.summary["opponents"]["expert"]["gain"]["test"]) == expected


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
