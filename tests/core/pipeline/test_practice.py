"""A policy practises on episodes of its own split, and a run practises after it has trained."""

from __future__ import annotations

import pytest

import simplatform as sp
from simplatform.pipeline.practice import Rehearsed, practises
from simplatform.pipeline.start import untrained
from simplatform.recipes import resolve
from simplatform.runs.rundir import RunDirectory

SETTINGS = {
    "policy.goals": 2, "policy.variants": 1, "policy.settings": {"widths": [8, 16], "embedding": 8, "points": 16},
    "policy.iterations": 0, "policy.reward": "", "train.steps": 2, "train.batch": 2, "task.demonstrations": 1,
    "task.validation": 0, "task.episodes": 1,
}  # fmt: skip


def test_attempts_begin_alike_and_metrics_are_turned():
    recipe = resolve("toy-mean", "toy/point")
    practice = Rehearsed(untrained(recipe), recipe.task, seed=0)
    assert (practice.variants, practice.metric) == (1, "success")
    first, again, other = practice(0), practice(0, attempt=1), practice(1)
    assert first == again  # this policy draws nothing
    assert first != other
    assert first["distance"] < 0
    assert practises("two-level")
    assert not practises("mp1")


@pytest.mark.filterwarnings("ignore")
def test_a_run_practises_after_its_training_and_goes_on_to_it(tmp_path, monkeypatch):
    monkeypatch.setenv("SIMPLATFORM_CACHE", str(tmp_path / "cache"))
    run = sp.run(plugin="two-level", task="toy/cloud", settings=SETTINGS, output=tmp_path / "run")
    assert RunDirectory(run.path).last.name == "fitted"
    assert type(sp.load(run)).__name__ == "TwoLevel"
