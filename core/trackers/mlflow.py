"""MLflow: the server of ``MLFLOW_TRACKING_URI``, or files in ``RUN/tracking/mlflow``."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from simplatform.trackers.base import Tracker, flat

STATES = {"done": "FINISHED", "failed": "FAILED", "preempted": "KILLED"}


class MLflow(Tracker):
    """Logs to one MLflow run per start; the experiment has the name of the task."""

    package = "mlflow"

    def open(self, folder: Path, recipe: Mapping[str, Any], step: int) -> None:
        """Create a run."""
        os.environ.setdefault("MLFLOW_ALLOW_FILE_STORE", "true")
        from mlflow import MlflowClient

        uri = os.environ.get("MLFLOW_TRACKING_URI") or folder.absolute().as_uri()
        self._client = MlflowClient(tracking_uri=uri)
        name = str(recipe["task"])
        found = self._client.get_experiment_by_name(name)
        experiment = found.experiment_id if found else self._client.create_experiment(name)
        self._run = self._client.create_run(experiment, run_name=folder.parents[1].name).info.run_id
        for key, value in flat(recipe).items():
            self._client.log_param(self._run, key, value)

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Log scalars."""
        for key, value in values.items():
            self._client.log_metric(self._run, key, value, step=step)

    def close(self, state: str) -> None:
        """End the run with its state."""
        self._client.set_terminated(self._run, STATES[state])
