"""Comparisons: several runs in one table, paired on the episodes that they share; methods."""

from __future__ import annotations

import json

import pytest

import simplatform as sp
from simplatform.experiments.comparison import compare
from simplatform.runs.rundir import RunDirectory
from tests.core.pipeline.opponents_cases import FAST


@pytest.fixture
def run():
    return sp.run("toy", "toy/opposed", settings=FAST)


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


def test_runs_made_before_noise_was_the_episodes_own_say_so(tmp_path):
    settings = {"train.steps": 6, "task.episodes": 3, "task.demonstrations": 2}
    old, new = (sp.run("toy", settings=settings, output=tmp_path / name) for name in ("old", "new"))
    place = old.path / "eval" / "summary.json"
    summary = json.loads(place.read_text())
    assert summary.pop("randomness") == 2
    place.write_text(json.dumps(summary))
    told = [row["against first"] for row in compare([RunDirectory.open(old.path), RunDirectory.open(new.path)])["runs"]]
    assert any("noise was the episode's own (randomness 1)" in text for text in told)
