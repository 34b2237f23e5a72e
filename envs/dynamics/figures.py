"""Report sections of predictions: the trajectory beside the truth, the attractor, and how the error grows."""

from __future__ import annotations

from typing import Any

import numpy as np

from simplatform.envs.dynamics.prediction import THRESHOLD, PredictionEnv
from simplatform.envs.dynamics.systems.base import Array
from simplatform.pipeline.environments import make_env
from simplatform.report import RunView, Section, figure_html, scenes_html

INK, ACCENT = "#1f3a5f", "#d1495b"
ENVIRONMENTS = ("simplatform/Prediction-v0", "simplatform/RecordedSeries-v0")
SHOWN = 1500
COMPONENTS = 6
"""Components that are drawn, at most."""


def prediction_section(run: RunView) -> Section | None:
    """Draw the first recorded episode: components or fields against time, the attractor, and the error's growth."""
    found = [recording for recording in run.recordings if recording.split == "test"]
    if run.task.env not in ENVIRONMENTS or not found:
        return None
    env: Any = make_env(run.task, "test").unwrapped
    first = next(row for row in run.rows if row["split"] == "test")
    env.reset(seed=first["seed"], options={"episode": first["episode"]})
    predicted = np.asarray(found[0].actions)[:SHOWN]
    truth = env.truth[env.window : env.window + len(predicted)]
    parts = [figure_html(growth(env, predicted, truth), "the error's growth")]
    if env.system.grid is not None:
        parts.insert(0, figure_html(fields(env, predicted, truth), "fields in space and time"))
    else:
        parts.insert(0, figure_html(components(env, predicted, truth), "prediction beside the truth"))
        parts.append(attractor(env, predicted, truth))
    note = "<p>One test episode in closed loop: after its first window the method sees only what it said itself.</p>"
    return Section("Prediction", note + "".join(parts), 50)


def components(env: PredictionEnv, predicted: Array, truth: Array) -> Any:
    """Draw the first components against time."""
    plt = _pyplot()
    count = min(truth.shape[1], COMPONENTS)
    figure, axes = plt.subplots(count, 1, figsize=(8, 1.4 * count), sharex=True, squeeze=False)
    for index, axis in enumerate(axes[:, 0]):
        axis.plot(_time(env, len(truth)), truth[:, index], color=INK, lw=1.2, label="truth")
        axis.plot(_time(env, len(truth)), predicted[:, index], color=ACCENT, lw=0.9, label="forecast")
        axis.set_ylim(*_limits(truth[:, index]))
        axis.set_ylabel(env.names[index])
    axes[0, 0].legend(frameon=False, ncols=2, loc="lower right", bbox_to_anchor=(1, 1))
    axes[-1, 0].set_xlabel(_unit(env))
    return figure


def fields(env: PredictionEnv, predicted: Array, truth: Array) -> Any:
    """Draw truth, prediction and their difference as images over time and space, one column per field."""
    plt = _pyplot()
    length, count = env.system.grid or (1.0, 1)
    figure, axes = plt.subplots(3, count, figsize=(8, 4.8), sharex=True, sharey=True, squeeze=False)
    extent = (0, env.dt * len(truth), 0, length)
    for column in range(count):
        part = slice(column * truth.shape[1] // count, (column + 1) * truth.shape[1] // count)
        size = float(np.abs(truth[:, part]).max())
        shown = (truth[:, part], predicted[:, part], predicted[:, part] - truth[:, part])
        for axis, values, name in zip(axes[:, column], shown, ("truth", "prediction", "difference"), strict=True):
            image = axis.imshow(
                values.T, extent=extent, origin="lower", aspect="auto", cmap="RdBu_r", vmin=-size, vmax=size
            )
            figure.colorbar(image, ax=axis, pad=0.01)
            axis.set_ylabel(f"{name}\nx" if column == 0 else "")
        axes[-1, column].set_xlabel("time")
    return figure


def growth(env: PredictionEnv, predicted: Array, truth: Array) -> Any:
    """Draw the error against time, with a line at the Lyapunov rate and the limit of a valid prediction."""
    plt = _pyplot()
    figure, axis = plt.subplots(figsize=(8, 3))
    time, gap = _time(env, len(truth)), np.clip((predicted - truth) / env.scale, -1e6, 1e6)
    error = np.maximum(np.sqrt(np.mean(gap**2, axis=1)), 1e-16)
    axis.semilogy(time, error, color=ACCENT, lw=1, label="this forecast")
    if env.system.lyapunov:
        grown = np.minimum(float(error[0]) * np.exp(time), 10)
        axis.semilogy(time, grown, "--", color=INK, lw=0.8, label="its first error, grown at the Lyapunov rate")
    axis.axhline(THRESHOLD, color="gray", lw=0.8, label=f"limit of a valid forecast, {THRESHOLD:g}")
    late = np.flatnonzero(error > THRESHOLD)
    if len(late):
        axis.axvline(time[late[0]], color="gray", lw=0.8, ls=":", label=f"valid for {time[late[0]]:.3g} {_unit(env)}")
    axis.set_ylabel("error, in spreads\nof the attractor")
    axis.set_xlabel(_unit(env))
    axis.legend(frameon=False, fontsize=8, loc="lower right")
    return figure


def attractor(env: PredictionEnv, predicted: Array, truth: Array) -> str:
    """Return a view of both trajectories in the space of the first three components; empty with fewer."""
    if truth.shape[1] < 3:
        return ""
    low, high = truth[:, :3].min(0), truth[:, :3].max(0)
    room = high - low
    paths = {"truth": truth[:, :3], "forecast": np.clip(predicted[:, :3], low - room, high + room)}
    inks = {"truth": "#4f83c4", "forecast": ACCENT}
    nothing = np.zeros((0, 3))
    return scenes_html([("attractor", nothing, paths)], "truth and forecast in space", env.names[:3], inks)


def _time(env: PredictionEnv, steps: int) -> Array:
    return env.dt * (env.system.lyapunov or 1.0) * np.arange(1, steps + 1, dtype=np.float64)


def _unit(env: PredictionEnv) -> str:
    return "Lyapunov times" if env.system.lyapunov else "time"


def _limits(values: Array) -> tuple[float, float]:
    room = 0.3 * float(np.ptp(values)) + 1e-9
    return float(values.min()) - room, float(values.max()) + room


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg", force=False)
    import matplotlib.pyplot as plt

    return plt
