"""Trackers: TensorBoard, MLflow, Weights & Biases, trackio (``run --callback NAME``)."""

from __future__ import annotations

from simplatform import hookimpl
from simplatform.hooks import Register


@hookimpl
def register_callbacks(register: Register) -> None:
    for name, target, help in (
        ("tensorboard", "tensorboard:TensorBoard", "event files in RUN/tracking/tensorboard"),
        ("mlflow", "mlflow:MLflow", "MLFLOW_TRACKING_URI, or files in RUN/tracking/mlflow"),
        ("wandb", "wandb:Wandb", "Weights & Biases, offline unless WANDB_MODE says otherwise"),
        ("trackio", "trackio:Trackio", "SQLite in trackio's own folder; `trackio show` draws it"),
    ):
        register(name, f"simplatform.trackers.{target}", help=help)
