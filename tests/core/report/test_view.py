"""What a section of the report sees of a run: everything, read-only and loaded on first use."""

from __future__ import annotations

import shutil

import pytest

from simplatform.report.view import RunView
from simplatform.runs.rundir import RunDirectory
from tests.core.runs.run_of_0_1_cases import RUN


@pytest.fixture
def run(tmp_path):
    shutil.copytree(RUN, tmp_path / RUN.name)
    return tmp_path / RUN.name


def test_what_it_recorded_is_read(run):
    view = RunView(RunDirectory.open(run))
    assert (view.recipe.plugin, view.task.name, view.recipe.policy_config.steps) == ("stnn", "lorenz", 800)
    assert len(view.rows) == view.summary["splits"]["test"]["episodes"]
    assert view.estimates()["valid_prediction_time"].n == len(view.rows)
    assert view.metrics[-1]["step"] == 840
