"""Report sections of predictions: the trajectory beside the truth, and how the error grows."""

from __future__ import annotations

from typing import Any

import numpy as np

from simplatform.envs.dynamics.prediction import THRESHOLD, PredictionEnv
from simplatform.report import RunView, Section, figure_html

INK, ACCENT = "#1f3a5f", "#d1495b"
SHOWN = 1500


def prediction_section(run: RunView) -> Section | None:
    """Draw the first recorded episode: components against time, and the error against the Lyapunov rate."""
    found = [recording for recording in run.recordings if recording.split == "test"]
    if run.task.env != "simplatform/Prediction-v0" or not found:
        return None
    env = PredictionEnv(**run.task.env_kwargs("test", 0))
    env.reset(seed=next(row["seed"] for row in run.rows if row["split"] == "test"))
    predicted = np.asarray(found[0].actions)[:SHOWN]
    truth = env.truth[env.window : env.window + len(predicted)]
    figure = _figure(env, predicted, truth)
    note = (
        "<p>One test episode. Blue is the truth, red the prediction in closed loop; "
        "the dashed line grows at the Lyapunov rate.</p>"
    )
    return Section("Prediction", note + figure_html(figure, "prediction beside the truth, and its error"), 50)


def _figure(env: PredictionEnv, predicted: Any, truth: Any) -> Any:
    import matplotlib

    matplotlib.use("Agg", force=False)
    import matplotlib.pyplot as plt

    rate = env.system.lyapunov or 1.0
    time = env.dt * rate * np.arange(1, len(predicted) + 1)
    figure, axes = plt.subplots(env.system.dim + 1, 1, figsize=(8, 1.6 * (env.system.dim + 1)), sharex=True)
    for index in range(env.system.dim):
        axes[index].plot(time, truth[:, index], color=INK, lw=1.2)
        axes[index].plot(time, predicted[:, index], color=ACCENT, lw=0.9)
        axes[index].set_ylabel(f"x{index + 1}")
    error = np.sqrt(np.mean(((predicted - truth) / env.scale) ** 2, axis=1))
    axes[-1].semilogy(time, np.maximum(error, 1e-16), color=ACCENT, lw=1)
    axes[-1].semilogy(time, np.minimum(max(float(error[0]), 1e-16) * np.exp(time), 10), "--", color=INK, lw=0.8)
    axes[-1].axhline(THRESHOLD, color="gray", lw=0.6)
    axes[-1].set_ylabel("error")
    axes[-1].set_xlabel("Lyapunov times" if env.system.lyapunov else "time")
    return figure
