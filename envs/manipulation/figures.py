"""What a report shows of a manipulation run: clouds with action chunks, a filmstrip and a film of an episode."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from simplatform.report.section import Section, animation_html, figure_html
from simplatform.report.space import scenes_html

if TYPE_CHECKING:
    from simplatform.report.view import RunView
    from simplatform.runs.recordings import Recording

Array = NDArray[Any]

METAWORLD, ADROIT = "simplatform/MetaWorld-v0", "simplatform/Adroit-v0"
ACTION_SCALE = 0.01
"""Metres that an action of 1 moves the end effector's target."""

PREDICTED, EXPERT, SURFACE = "#d1495b", "#1f7a4d", "#9fb3c8"
INKS, METRES = {"policy": PREDICTED, "expert": EXPERT}, ("x in m", "y in m", "z in m")
VIEWS = ((22, -55, "from the side"), (88, -90, "from above"))


def cloud_section(run: RunView) -> Section | None:
    """Point clouds of an evaluation episode with the policy's action chunks and what the expert would do."""
    recording = next(iter(_recordings(run, METAWORLD)), None)
    if recording is None or "point_cloud" not in recording.observations or not recording.chunks:
        return None
    task = _task_of(recording, run.task.kwargs)
    scenes = [_scene(recording, recording.chunk_steps[k], task) for k in spread(len(recording.chunks), 8)]
    view = scenes_html(
        [(f"step {step}", cloud, paths) for step, cloud, paths in scenes], "clouds and paths", METRES, INKS
    )
    figures = [
        draw_cloud(cloud, paths, f"step {step}") for step, cloud, paths in (scenes[k] for k in spread(len(scenes), 3))
    ]
    pictures = "".join(figure_html(figure, "point cloud with action chunks") for figure in figures)
    note = (
        "<p>What the policy sees, and the path of the end effector that its answer commands, beside the expert's "
        "answers along the states that were visited. One action moves the target by at most 1 cm along each axis.</p>"
    )
    return Section("Point cloud and action chunks", note + view + pictures, 50)


def film_section(run: RunView) -> Section | None:
    """Films of test episodes, a failure beside a success where both were recorded, and a filmstrip of the first."""
    filmed = [recording for recording in _recordings(run, METAWORLD, ADROIT) if len(recording.frames) > 1]
    if not filmed:
        return None
    shown = [filmed[0], *(recording for recording in filmed[-1:] if _succeeded(recording) < _succeeded(filmed[0]))]
    films = "".join(_film(recording) for recording in shown)
    strip = figure_html(filmstrip(filmed[0].frames), f"filmstrip of a {_outcome(filmed[0])}")
    title = "An episode" if len(shown) == 1 else "An episode that succeeds and one that fails"
    return Section(title, f'<div class="films">{films}</div>{strip}', 20)


def _film(recording: Recording) -> str:
    outcome = html.escape(_outcome(recording))
    seconds = max(0.04, 0.0125 * len(recording.actions) / len(recording.frames))
    film = animation_html(list(recording.frames), f"film of a {outcome}", seconds)
    return f"<figure>{film}<figcaption>{outcome}</figcaption></figure>"


def _outcome(recording: Recording) -> str:
    ending = "success" if _succeeded(recording) else "failure"
    return f"{recording.split} episode, {len(recording.actions)} steps: {ending}"


def _succeeded(recording: Recording) -> bool:
    return bool(recording.infos.get("success", np.zeros(1)).max(initial=0) > 0)


def _task_of(recording: Recording, kwargs: Mapping[str, Any]) -> str:
    """Return the task of an episode: the one of the run, or of many the one that its observations tell."""
    among = kwargs.get("among")
    if among:
        return str(among[int(recording.observations["agent_pos"][0, -len(among) :].argmax())])
    return str(kwargs.get("task", "drawer-open"))


def _scene(recording: Recording, step: int, task: str) -> tuple[int, Array, dict[str, Array]]:
    """Return the step, its cloud, and the paths that the chunk given there and the expert's actions command."""
    chunk = recording.chunks[recording.chunk_steps.index(step)]
    hand = recording.observations["agent_pos"][step, :3]
    paths = {"policy": commanded_path(hand, chunk)}
    expert = expert_actions(recording.observations, step, len(chunk), task)
    if expert is not None:
        paths["expert"] = commanded_path(hand, expert)
    return step, recording.observations["point_cloud"][step], paths


def commanded_path(start: Array, actions: Array) -> Array:
    """Return the places (K + 1, 3) in m that actions (K, ≥ 3) command, one after another, from ``start`` (3,)."""
    moves = np.clip(actions[:, :3], -1, 1) * ACTION_SCALE
    return np.concatenate([start[None], start + np.cumsum(moves, axis=0)])


def expert_actions(observations: Mapping[str, Array], step: int, count: int, task: str) -> Array | None:
    """Return the scripted expert's actions (≤ count, 4) in the states visited from ``step`` on; None without states."""
    if "state" not in observations:
        return None
    import torch

    from simplatform.envs.manipulation.experts import scripted_expert

    states = torch.as_tensor(observations["state"][step : step + count])
    return scripted_expert(task).act({"state": states[:, None]})[:, 0].numpy()


def draw_cloud(cloud: Array, paths: Mapping[str, Array], title: str) -> Figure:
    """Draw a cloud (N, 3) with paths (K, 3) by name from two sides; a small window shows the paths enlarged."""
    figure = Figure(figsize=(9.5, 3.6))
    for column, (elevation, azimuth, name) in enumerate(VIEWS):
        axes = figure.add_subplot(1, 3, column + 1, projection="3d")
        axes.scatter(*cloud.T, c=cloud[:, 2], cmap="cividis", s=3, alpha=0.75, linewidths=0)
        _draw_paths(axes, paths)
        _same_scale(axes, cloud)
        axes.view_init(elevation, azimuth)
        if elevation > 80:
            axes.set_zticks([])
        axes.set_title(f"{title}, {name}", fontsize=9)
    axes = figure.add_subplot(1, 3, 3, projection="3d")
    _draw_paths(axes, paths, marker="o")
    _same_scale(axes, np.concatenate(list(paths.values())))
    axes.set_title("the end effector alone, enlarged", fontsize=9)
    axes.legend(frameon=False, fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.08), ncols=2)
    return figure


def filmstrip(frames: Array, count: int = 6) -> Figure:
    """Draw ``count`` of the frames (F, height, width, 3) side by side, evenly spread from first to last."""
    chosen = spread(len(frames), count)
    height, width = frames.shape[1:3]
    figure = Figure(figsize=(2.2 * len(chosen), 2.2 * height / width))
    for column, number in enumerate(chosen):
        axes = figure.add_axes((column / len(chosen), 0, 0.985 / len(chosen), 1))
        axes.imshow(frames[number])
        axes.set_axis_off()
    return figure


def spread(total: int, count: int) -> list[int]:
    """Return at most ``count`` distinct indices, evenly spread over ``range(total)``."""
    return sorted({int(k) for k in np.linspace(0, total - 1, min(count, total)).round()})


def _recordings(run: RunView, *envs: str) -> list[Recording]:
    """Return the recorded test episodes of a run in one of the environments, successful ones first."""
    if run.task.env not in envs:
        return []
    episodes = [recording for recording in run.recordings if recording.split == "test"]
    return sorted(episodes, key=lambda episode: not _succeeded(episode))


def _draw_paths(axes: Any, paths: Mapping[str, Array], marker: str = "") -> None:
    for name, path in paths.items():
        colour, width = (PREDICTED, 2.2) if name == "policy" else (EXPERT, 1.6)
        axes.plot(*path.T, color=colour, lw=width, marker=marker, ms=3, label=name, zorder=5)


def _same_scale(axes: Any, points: Array) -> None:
    centre, half = (points.max(0) + points.min(0)) / 2, max(float(np.ptp(points, axis=0).max()) / 2, 0.01)
    for setter, middle in zip((axes.set_xlim, axes.set_ylim, axes.set_zlim), centre, strict=True):
        setter(middle - half, middle + half)
    axes.set_box_aspect((1, 1, 1), zoom=1.15)
    axes.tick_params(labelsize=6, pad=-2)
    for axis, name in zip((axes.xaxis, axes.yaxis, axes.zaxis), METRES, strict=True):
        axis.set_major_locator(_few_ticks())
        axis.set_label_text(name, fontsize=7)


def _few_ticks() -> Any:
    from matplotlib.ticker import MaxNLocator

    return MaxNLocator(4)
