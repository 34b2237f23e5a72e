"""Report sections of forecasts: phase portraits beside the truth, and the error of every environment."""

from __future__ import annotations

from typing import Any

import numpy as np

from simplatform.envs.dynamics.figures import ACCENT, INK
from simplatform.envs.dynamics.systems.base import Array
from simplatform.pipeline.environments import make_env
from simplatform.report import RunView, Section, figure_html

ENVIRONMENTS = ("simplatform/Forecast-v0", "simplatform/RecordedForecast-v0")
PORTRAITS = 6
COLOURS = (
    "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#e377c2", "#7f7f7f", "#bcbd22", "#17becf",
)  # fmt: skip


def forecast_section(run: RunView) -> Section | None:
    """Draw phase portraits of recorded episodes, and all test episodes' errors by environment and family."""
    if run.task.env not in ENVIRONMENTS:
        return None
    parts = [figure_html(errors_by_environment(run), "error of every environment")]
    shown = episodes(run)[:PORTRAITS]
    fields = bool(shown) and shown[0][1].ndim == 4
    if fields:
        parts.insert(0, figure_html(snapshots(shown[:3]), "fields, true and forecast"))
    elif shown:
        parts.insert(0, figure_html(portraits(shown), "phase portraits beside the truth"))
    how = "the first channel at the start and later" if fields else "blue the truth, red the forecast"
    families = (
        "; colours are families" if len({_family(run, "test", n) for n in range(len(run.task.variants))}) > 1 else ""
    )
    note = (
        "<p>Forecasts from an initial state, after a few trajectories of the same system were seen: "
        f"{how}. Below, the error of every test episode by its system{families}.</p>"
    )
    return Section("Forecasts", note + "".join(parts), 50)


def episodes(run: RunView) -> list[tuple[str, Array, Array]]:
    """Return title, truth and forecast of every recorded episode; the truth is drawn again from the episode's seed."""
    found = []
    for split in run.summary["splits"]:
        rows = [row for row in run.rows if row["split"] == split]
        for number, recording in enumerate(r for r in run.recordings if r.split == split):
            env: Any = make_env(run.task, split, rows[number]["episode"]).unwrapped
            env.reset(seed=rows[number]["seed"])
            if len(recording.actions):
                found.append((f"{split}, system {env.environment}", env.truth, recording.actions[0]))
    return found


def portraits(shown: list[tuple[str, Array, Array]]) -> Any:
    """Draw trajectories in the plane of the first two components."""
    import matplotlib

    matplotlib.use("Agg", force=False)
    import matplotlib.pyplot as plt

    columns = min(len(shown), 3)
    rows = -(-len(shown) // columns)
    figure, axes = plt.subplots(rows, columns, figsize=(2.9 * columns, 2.6 * rows), squeeze=False)
    for axis in axes.flat[len(shown) :]:
        axis.set_axis_off()
    for axis, (title, truth, forecast) in zip(axes.flat, shown, strict=False):
        for path, colour, style in ((truth, INK, "o-"), (forecast, ACCENT, ".-")):
            flat = np.asarray(path).reshape(len(path), -1)
            axis.plot(flat[:, 0], flat[:, min(1, flat.shape[1] - 1)], style, color=colour, ms=2.5, lw=0.9)
        axis.set_title(title, fontsize=8)
        axis.set_xlabel("x1", fontsize=8)
        axis.set_ylabel("x2", fontsize=8)
        axis.tick_params(labelsize=7)
    axes[0, 0].legend(("truth", "forecast"), frameon=False, fontsize=7)
    figure.tight_layout()
    return figure


def snapshots(shown: list[tuple[str, Array, Array]]) -> Any:
    """Draw the first channel of fields ``(T, channels, n, n)``: the start, then truth and forecast, by episode."""
    import matplotlib

    matplotlib.use("Agg", force=False)
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(len(shown), 5, figsize=(9, 2.1 * len(shown)), squeeze=False, layout="constrained")
    for row, (title, truth, forecast) in zip(axes, shown, strict=True):
        middle = len(truth) // 2
        panels = {
            "start": truth[0], "true, middle": truth[middle], "forecast, middle": forecast[middle],
            "true, end": truth[-1], "forecast, end": forecast[-1],
        }  # fmt: skip
        low, high = float(truth[:, 0].min()), float(truth[:, 0].max())
        for axis, (name, field) in zip(row, panels.items(), strict=True):
            axis.imshow(field[0], vmin=low, vmax=high, cmap="viridis", interpolation="nearest")
            axis.set(xticks=[], yticks=[])
            axis.set_title(name, fontsize=8)
        row[0].set_ylabel(title, fontsize=8)
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
        axis.set_xlabel("number of the system")
    axes[0, 0].set_ylabel("squared error, relative to the truth")
    return figure


def _family(run: RunView, split: str, number: int) -> int:
    env: Any = make_env(run.task, split, number).unwrapped
    return int(env.family_index)
