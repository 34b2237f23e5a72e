"""A run's summary says who was evaluated on what, how large it is, and the numbers of each split."""

from __future__ import annotations

import simplatform as sp
from simplatform.pipeline.summary import summary_of
from simplatform.pipeline.tally import Evaluation
from simplatform.recipes import resolve
from simplatform.report.statistics import estimate
from tests.core.pipeline.pipeline_cases import FAST


def test_names_sizes_times_and_splits_are_those_of_the_run():
    run = sp.run("toy", settings={**FAST, "train.steps": 2}, until="fit")
    recipe, policy = resolve("toy", seed=3), sp.load(run.path)
    row = {"success": 1.0, "failure": ""}
    test = Evaluation("test", [row, {**row, "failure": "fell"}], {"success": estimate([1.0, 0.0], "rate")}, {})
    found = summary_of(recipe, policy, [test], {"fit": 2.5})
    assert (found["plugin"], found["task"], found["seed"], found["primary"]) == ("toy", "toy/point", 3, "success")
    assert found["parameters"] == sum(one.numel() for one in policy.parameters())
    assert found["nfe"] is None
    assert found["times"] == {"fit": 2.5}
    assert found["splits"]["test"]["episodes"] == 2
    assert found["splits"]["test"]["failures"] == 1
    assert found["splits"]["test"]["metrics"]["success"]["value"] == 0.5
