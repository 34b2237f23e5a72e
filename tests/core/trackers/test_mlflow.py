"""MLflow: one run a start, in an experiment of the task's name, ended by what became of it."""

from __future__ import annotations

import pytest

from simplatform.recipes import resolve
from simplatform.trackers.mlflow import STATES, MLflow

mlflow = pytest.importorskip("mlflow", reason="pip install 'simplatform[trackers]'")
RECIPE = resolve("toy", seed=3).to_json()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    return tmp_path / "my-run" / "tracking" / "mlflow"


def runs(folder):
    client = mlflow.MlflowClient(folder.absolute().as_uri())
    experiment = client.get_experiment_by_name("toy/point")
    return client, client.search_runs([experiment.experiment_id])


@pytest.mark.parametrize("state", STATES)
def test_a_run_holds_the_recipe_its_metrics_and_its_end(folder, state):
    tracker = MLflow()
    tracker.open(folder, RECIPE, 0)
    for step, loss in ((5, 2.0), (10, 1.0)):
        tracker.log(step, {"loss": loss})
    tracker.close(state)
    client, (found,) = runs(folder)
    assert found.info.run_name == "my-run"
    assert found.info.status == STATES[state]
    assert found.data.params["seed"] == "3"
    history = client.get_metric_history(found.info.run_id, "loss")
    assert [(item.step, item.value) for item in history] == [(5, 2.0), (10, 1.0)]


def test_a_second_start_is_a_second_run_of_one_experiment(folder):
    for _ in range(2):
        tracker = MLflow()
        tracker.open(folder, RECIPE, 0)
        tracker.close("done")
    assert len(runs(folder)[1]) == 2
