"""Report section of mesh movers: meshes, fields, errors and cell quality of test episodes; films of unsteady ones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from simplatform.envs.mesh.geometry.quality import quality
from simplatform.envs.mesh.moving import ENV
from simplatform.envs.mesh.pictures.figures import history_figure, panels_figure, quality_figure
from simplatform.envs.mesh.pictures.panels import panels_of
from simplatform.pipeline.environments import make_env
from simplatform.report.section import Section, animation_html, figure_html, table_html
from simplatform.report.space import surface_html

if TYPE_CHECKING:
    from simplatform.envs.mesh.environment import MeshMovement
    from simplatform.report.view import RunView
    from simplatform.runs.recordings import Recording


def mesh_section(run: RunView) -> Section | None:
    """Show the recorded test episodes: steady ones are solved again for their error fields, unsteady ones as films."""
    if run.task.env != ENV:
        return None
    recorded = [recording for recording in run.recordings if recording.split == "test" and len(recording.actions)]
    rows = [row for row in run.rows if row["split"] == "test"]
    parts = [
        _film(recording) if len(recording.actions) > 1 else _still(run, recording, row)
        for recording, row in zip(recorded, rows, strict=False)
    ]
    return Section("Meshes", "".join([worse_html(rows, run.task.variants), *parts]), 20)


def worse_html(rows: Sequence[Mapping[str, Any]], variants: Sequence[Mapping[str, Any]]) -> str:
    """Say in which test problems the moved mesh was the worse one, each by its seed, and how often the limiter acted.

    Rows hold ``seed``, ``variant``, ``error_reduction`` (NaN where the moved mesh could not be solved on), ``limited``.
    """
    values = np.array([row.get("error_reduction", np.nan) for row in rows], float)
    limited = np.array([row.get("limited", np.nan) for row in rows], float)
    worse, failed = np.flatnonzero(values < 0), np.flatnonzero(np.isnan(values))
    text = (
        f"<p>In {len(worse)} of {len(values)} test problems the moved mesh has the larger error; "
        f"{len(failed)} could not be solved. Worst: {np.nanmin(values, initial=np.inf):.1%}, "
        f"best: {np.nanmax(values, initial=-np.inf):.1%}. The step limiter acted in "
        f"{int(np.nansum(limited > 0))} of {len(values)}.</p>"
    )
    listed = [*worse[np.argsort(values[worse])], *failed]
    if not listed:
        return text
    cells = [(rows[k]["seed"], _variant(rows[k], variants), _changed(values[k])) for k in listed]
    return text + table_html(("problem made worse (seed)", "mesh", "error"), cells)


def _variant(row: Mapping[str, Any], variants: Sequence[Mapping[str, Any]]) -> str:
    chosen = variants[int(row["variant"])] if variants else {}
    return ", ".join(f"{key} {value}" for key, value in chosen.items()) or "–"


def _changed(reduction: float) -> str:
    return "not solvable" if np.isnan(reduction) else f"{-reduction:+.1%}"


def _still(run: RunView, recording: Recording, row: dict[str, Any]) -> str:
    env = cast("MeshMovement", make_env(run.task, "test", row["variant"]).unwrapped)
    observation, _ = env.reset(seed=row["seed"])
    env.step(recording.actions[0])
    case = env.case
    if case.mesh.dim != 2:
        return figure_html(quality_figure(case.mesh, case.moved), "histogram of cell quality before and after")
    panels = panels_of(case, observation["monitor"])
    first, rest = [*panels[:2], *panels[6:]], panels[2:6]
    facts = [
        ("L2 error", f"{case.error_original:.4g}", f"{case.error_moved:.4g}"),
        *((f"{name}, error", f"{a:.4g}", f"{b:.4g}") for name, (a, b) in case.quantities.items()),
        *(_quality_row(name, pick, env) for name, pick in (("worst", np.min), ("mean", np.mean))),
    ]
    return (
        f"<h3>Test episode, {len(case.mesh.points)} vertices</h3>"
        + "<p>The mesh before and after, and the error in each of its cells; both error maps have one scale.</p>"
        + figure_html(panels_figure(first, columns=2, size=4.2), "mesh and error in each cell, before and after")
        + table_html(("", "original mesh", "moved mesh"), facts)
        + figure_html(quality_figure(case.mesh, case.moved), "histogram of cell quality before and after")
        + figure_html(panels_figure(rest), "solutions, monitor and displacement")
        + surface_html(
            case.moved.points,
            case.moved.simplicial.cells,
            case.moved_solution,
            "the solution over the moved mesh",
            axes=("x", "y", "solution"),
        )
    )


def _film(recording: Recording) -> str:
    steps = len(recording.actions)
    parts = [f"<h3>Test episode, {steps} mesh movements</h3>"]
    if len(recording.frames) > 1:
        parts.append(animation_html(list(recording.frames), "meshes, solutions and errors in time", 0.15))
    original, moved = (recording.infos[f"error_{mesh}"] for mesh in ("original", "moved"))
    figure = history_figure(original, moved, "mean L2 error so far")
    return "".join([*parts, figure_html(figure, "error of both meshes against time")])


def _quality_row(name: str, pick: Any, env: MeshMovement) -> tuple[str, str, str]:
    before, after = (float(pick(quality(mesh))) for mesh in (env.case.mesh, env.case.moved))
    return f"{name} cell quality", f"{before:.3f}", f"{after:.3f}"
