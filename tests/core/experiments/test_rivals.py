"""Rivals: opponents that need training, trained beside a run on the same task, data and seed."""

from __future__ import annotations

import simplatform as sp
from simplatform.experiments.rivals import with_rivals
from simplatform.pipeline.observer import Silent
from simplatform.runs.rundir import RunDirectory


def test_rivals_are_trained_beside_a_run_and_reused():
    first = sp.run("toy-mean", "toy/opposed", settings={"task.episodes": 4})
    found = with_rivals([RunDirectory(first.path)], "cpu", 1, Silent())
    rival = found[1]
    assert rival.recipe().plugin == "toy"
    assert rival.recipe().episodes == 4
    assert rival.status["state"] == "done"
    assert rival.path.parent == first.path.parent
    assert [one.path for one in with_rivals(found, "cpu", 1, Silent())] == [one.path for one in found]
