"""Trackers: each reads the same events as metrics.jsonl, offline, and one that fails stops nothing."""

import json
from importlib.util import find_spec

import pytest

import simplatform as sp
from simplatform.errors import UnknownName

SETTINGS = {"train.steps": 20, "train.log_every": 5, "task.demonstrations": 2, "task.validation": 0, "task.episodes": 2}


def tracked(tmp_path, name):
    run = sp.run("toy", settings=SETTINGS, output=tmp_path, device="cpu", callbacks=(name,))
    rows = [json.loads(line) for line in (run.path / "metrics.jsonl").read_text().splitlines()]
    return run, {row["step"]: row["loss"] for row in rows}


def test_tensorboard(tmp_path):
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    run, losses = tracked(tmp_path, "tensorboard")
    found = accumulator.EventAccumulator(str(run.path / "tracking" / "tensorboard")).Reload()
    assert {event.step: pytest.approx(event.value) for event in found.Scalars("loss")} == losses
    assert found.Scalars("test/success")[0].value == pytest.approx(run.summary["success"]["value"])
    assert found.Tags()["tensors"] == ["recipe/text_summary"]


def test_mlflow(tmp_path, monkeypatch):
    mlflow = pytest.importorskip("mlflow", reason="pip install 'simplatform[trackers]'")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    run, losses = tracked(tmp_path, "mlflow")
    client = mlflow.MlflowClient((run.path / "tracking" / "mlflow").absolute().as_uri())
    experiment = client.get_experiment_by_name("toy/point")
    (found,) = client.search_runs([experiment.experiment_id])
    assert {item.step: item.value for item in client.get_metric_history(found.info.run_id, "loss")} == losses
    assert found.data.params["train.steps"] == "20"
    assert found.info.status == "FINISHED"


@pytest.mark.slow
def test_wandb_stays_offline(tmp_path, monkeypatch):
    pytest.importorskip("wandb", reason="pip install 'simplatform[trackers]'")
    monkeypatch.delenv("WANDB_MODE", raising=False)
    run, _ = tracked(tmp_path, "wandb")
    (folder,) = (run.path / "tracking" / "wandb" / "wandb").glob("offline-run-*")
    assert next(iter(folder.glob("*.wandb"))).stat().st_size > 0


@pytest.mark.slow
@pytest.mark.skipif(find_spec("trackio") is None, reason="pip install 'simplatform[trackers]'")
def test_trackio_and_json_on_stdout(cli, tmp_path):
    settings = [part for key, value in SETTINGS.items() for part in ("--set", f"{key}={value}")]
    arguments = ["run", "--plugin", "toy", "--device", "cpu", "--callback", "trackio", "--json", *settings]
    out = cli(*arguments, env={"TRACKIO_DIR": str(tmp_path / "trackio")}, check=0).stdout
    assert json.loads(out)["plugin"] == "toy"
    assert list((tmp_path / "trackio").glob("*.db"))


def test_an_unknown_name_is_refused_before_anything_starts(tmp_path):
    with pytest.raises(UnknownName, match="tensorboard"):
        sp.run("toy", output=tmp_path, callbacks=("tensorbord",))
    assert not list(tmp_path.glob("toy*"))
