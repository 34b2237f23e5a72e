"""The films of the docs, each from one run: ``python docs/films.py robot RUN``, and so ``attractor`` and ``field``.

``RUN`` is the folder of an evaluated run, of ``simplatform run --plugin mp1``, ``--plugin stnn`` and, on a plane,
``--plugin sinenet``; the film goes to ``docs/images``.
"""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from simplatform.envs.fields.scores import correlation
from simplatform.envs.manipulation.figures import commanded_path
from simplatform.pipeline.environments import make_env
from simplatform.report.section import animation_bytes
from simplatform.report.view import RunView
from simplatform.runs.recordings import Recording
from simplatform.runs.rundir import RunDirectory

IMAGES = Path(__file__).parent / "images"
TRUTH, FORECAST, PAPER = "#1f3a5f", "#d1495b", "white"
FRAMES = 72
Array = Any


def main() -> None:
    """Draw the film that was asked for."""
    what, run = sys.argv[1:]
    films = {"robot": (robot, 0.07), "attractor": (attractor, 0.07), "field": (field, 0.25)}
    film, seconds = films[what]
    frames = film(RunView(RunDirectory(Path(run))))
    place = IMAGES / f"{what}.webp"
    place.write_bytes(animation_bytes(frames, seconds))
    print(f"{place.name}: {len(frames)} frames, {place.stat().st_size / 1e6:.2f} MB")


def robot(run: RunView) -> list[Array]:
    """Return frames of a successful episode: the robot, beside the cloud it sees and the chunk it answers."""
    won = next(one for one in run.recordings if one.infos["success"].max() > 0)
    steps = np.linspace(0, len(won.frames) - 1, min(FRAMES, len(won.frames))).astype(int)
    return [_robot_frame(won, int(k)) for k in steps]


def _robot_frame(recording: Recording, frame: int) -> Array:
    step = round(frame * len(recording.actions) / len(recording.frames))
    cloud = recording.observations["point_cloud"][step]
    told = max(s for s in recording.chunk_steps if s <= step)
    hand = recording.observations["agent_pos"][told, :3]
    path = commanded_path(hand, recording.chunks[recording.chunk_steps.index(told)])
    figure = Figure(figsize=(8, 3.2), facecolor=PAPER)
    left = figure.add_axes((0, 0, 0.5, 1))
    left.imshow(recording.frames[frame], interpolation="bilinear")
    left.set_axis_off()
    right = figure.add_axes((0.5, 0, 0.5, 1), projection="3d")
    right.scatter(*cloud.T, c=cloud[:, 2], cmap="cividis", s=5, linewidths=0)
    right.plot(*path.T, color=FORECAST, lw=3)
    right.view_init(24, -70 + 0.4 * frame)
    right.set(xlim=(-0.45, 0.45), ylim=(0.3, 1.2), zlim=(0, 0.7))
    right.set_box_aspect((1, 1, 0.8), zoom=1.35)
    right.set_axis_off()
    return _pixels(figure)


def attractor(run: RunView) -> list[Array]:
    """Return frames of a forecast that follows the true attractor and drifts apart from it."""
    forecast, truth, env = _forecast(run)
    ends = np.linspace(0.08, 1.0, FRAMES) * len(truth)
    return [_attractor_frame(forecast, truth, int(end), env) for end in ends]


def _forecast(run: RunView) -> tuple[Array, Array, Any]:
    recording = next(one for one in run.recordings if one.split == "test")
    env: Any = make_env(run.task, "test").unwrapped
    first = next(row for row in run.rows if row["split"] == "test")
    env.reset(seed=first["seed"], options={"episode": first["episode"]})
    valid = first["valid_prediction_time"] / (env.dt * (env.system.lyapunov or 1.0))
    forecast = np.asarray(recording.actions)[: int(1.25 * valid) + 100]
    return forecast, env.truth[env.window : env.window + len(forecast)], env


def _attractor_frame(forecast: Array, truth: Array, end: int, env: Any) -> Array:
    figure = Figure(figsize=(6.4, 4.2), facecolor=PAPER)
    axes = figure.add_axes((0, 0, 1, 1), projection="3d")
    axes.plot(*truth[:end, :3].T, color=TRUTH, lw=0.9, alpha=0.55)
    axes.plot(*forecast[:end, :3].T, color=FORECAST, lw=0.9, alpha=0.75)
    for path, colour in ((truth, TRUTH), (forecast, FORECAST)):
        axes.scatter(*path[end - 1, :3], color=colour, s=40)
    low, high = truth[:, :3].min(0), truth[:, :3].max(0)
    for setter, bounds in zip((axes.set_xlim, axes.set_ylim, axes.set_zlim), zip(low, high, strict=True), strict=True):
        setter(*bounds)
    axes.set_axis_off()
    axes.view_init(18, 40 + 60 * end / len(truth))
    axes.set_box_aspect((1, 1, 0.9), zoom=1.35)
    time = end * env.dt * (env.system.lyapunov or 1.0)
    figure.text(0.03, 0.93, "truth", color=TRUTH, weight="bold")
    figure.text(0.11, 0.93, "forecast", color=FORECAST, weight="bold")
    figure.text(0.97, 0.93, f"{time:.1f} Lyapunov times", ha="right", color=TRUTH)
    return _pixels(figure)


def field(run: RunView) -> list[Array]:
    """Return frames of a test episode: the solution, the surrogate's forecast of it, and their difference.

    Of those recorded, it is the one that is followed about as long as the mean of all, and not the best.
    """
    rows = [row for row in run.rows if row["split"] == "test"]
    mean = np.mean([row["correlation_time"] for row in rows])
    recorded = [one for one in run.recordings if one.split == "test"]
    pairs = zip(rows, recorded, strict=False)  # the first episodes are recorded
    row, recording = min(pairs, key=lambda pair: abs(pair[0]["correlation_time"] - mean))
    print(
        f"episode {row['episode']}: correlation above 0.8 until {row['correlation_time']:.4g}, the mean is {mean:.4g}"
    )
    env: Any = make_env(run.task, "test").unwrapped
    env.reset(seed=row["seed"], options={"episode": row["episode"]})
    forecast = np.asarray(recording.actions, float)[:, env.given :]
    truth = env.truth[1 : len(forecast) + 1, env.given :]
    size = float(np.abs(truth[:, 0]).max())
    return [_field_frame(truth[k], forecast[k], size, env.frame * (k + 1)) for k in range(len(truth))]


def _field_frame(truth: Array, forecast: Array, size: float, time: float) -> Array:
    """Draw the first channel, all frames in one scale of colours."""
    figure = Figure(figsize=(8, 3.1), facecolor=PAPER)
    shown = (("truth", truth[0]), ("forecast", forecast[0]), ("difference", forecast[0] - truth[0]))
    for column, (name, values) in enumerate(shown):
        axes = figure.add_axes((0.01 + 0.33 * column, 0.02, 0.32, 0.83))
        axes.imshow(values.T, origin="lower", cmap="RdBu_r", vmin=-size, vmax=size)
        axes.set_axis_off()
        axes.set_title(name, color=TRUTH, weight="bold", fontsize=10)
    told = f"t = {time:.2f}, correlation {correlation(forecast, truth):.2f}"
    figure.text(0.985, 0.95, told, ha="right", va="center", color=TRUTH, fontsize=9)
    return _pixels(figure)


def _pixels(figure: Figure) -> Array:
    buffer = io.BytesIO()
    figure.savefig(buffer, dpi=90, format="png")
    return np.asarray(Image.open(buffer).convert("RGB"))


if __name__ == "__main__":
    main()
