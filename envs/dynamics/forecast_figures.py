"""Report sections of forecasts: phase portraits beside the truth, and the error of every environment."""

from __future__ import annotations

from typing import Any

import numpy as np

from simplatform.envs.dynamics.figures import ACCENT, INK
from simplatform.envs.dynamics.forecast import ForecastEnv
from simplatform.pipeline.recordings import Recording
from simplatform.report import RunView, Section, figure_html

PORTRAITS = 6
COLOURS = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf",
)  # fmt: skip


def forecast_section(run: RunView) -> Section | None:
    """Draw phase portraits of recorded episodes, and all test episodes' errors by environment and family."""
    if run.task.env != "simplatform/Forecast-v0":
        return None
    parts = []
    recordings = [recording for recording in run.recordings if len(recording.actions)]
    if recordings:
        parts.append(figure_html(portraits(run, recordings[:PORTRAITS]), "phase portraits beside the truth"))
    parts.append(figure_html(errors_by_environment(run), "error of every environment"))
    note = (
        "<p>Forecasts from an initial state, after a few trajectories of the same system were seen: blue the truth, "
        "red the forecast. Below, every test episode by its environment; colours are families.</p>"
    )
    return Section("Forecasts", note + "".join(parts), 50)


def portraits(run: RunView, recordings: list[Recording]) -> Any:
    """Draw trajectories in the plane of the first two components."""
    import matplotlib

    matplotlib.use("Agg", force=False)
    import matplotlib.pyplot as plt

    columns = min(len(recordings), 3)
    rows = -(-len(recordings) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(2.9 * columns, 2.6 * rows), squeeze=False)
    for axis in axes.flat[len(recordings) :]:
        axis.set_axis_off()
    for axis, recording in zip(axes.flat, recordings, strict=False):
        truth = _truth(run, recording)
        for path, colour, style in ((truth, INK, "o-"), (np.asarray(recording.actions[0]), ACCENT, ".-")):
            flat = path.reshape(len(path), -1)
            axis.plot(flat[:, 0], flat[:, min(1, flat.shape[1] - 1)], style, color=colour, ms=2.5, lw=0.9)
        number = int(recording.infos["environment"][0])
        axis.set_title(f"{recording.split}, environment {number}", fontsize=8)
        axis.tick_params(labelsize=7)
    figure.tight_layout()
    return figure


def errors_by_environment(run: RunView) -> Any:
    """Draw the relative error of every episode, one column of points per environment, test and extra splits apart."""
    import matplotlib

    matplotlib.use("Agg", force=False)
    import matplotlib.pyplot as plt

    splits = list(run.summary["splits"])
    figure, axes = plt.subplots(1, len(splits), figsize=(4.5 * len(splits), 2.8), sharey=True, squeeze=False)
    for axis, split in zip(axes[0], splits, strict=True):
        variants = len(run.task.variants)
        rows = [row for row in run.rows if row["split"] == split]
        numbers = [row["episode"] % variants for row in rows]
        colours = [COLOURS[_family(run, split, number) % len(COLOURS)] for number in numbers]
        errors = [max(float(row["relative_mse"]), 1e-12) for row in rows]
        axis.scatter(numbers, errors, c=colours, s=9, alpha=0.8)
        axis.set_yscale("log")
        axis.set_title(split, fontsize=9)
        axis.set_xlabel("environment")
    axes[0, 0].set_ylabel("relative error")
    return figure


def _family(run: RunView, split: str, number: int) -> int:
    return ForecastEnv(**run.task.env_kwargs(split, number)).family_index


def _truth(run: RunView, recording: Recording) -> Any:
    """Integrate the recorded episode's truth again, from the initial state that was shown."""
    from simplatform.envs.dynamics.truth import trajectory

    variants = [run.task.env_kwargs(recording.split, number) for number in range(len(run.task.variants))]
    wanted = int(recording.infos["environment"][0])
    env = next(env for env in (ForecastEnv(**kwargs) for kwargs in variants) if env.environment == wanted)
    return trajectory(env.system, np.asarray(recording.observations["initial"][0]), env.times, **env.parameters)
