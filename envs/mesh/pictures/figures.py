"""Pictures of meshes by matplotlib, without a display: panels of a case, before and after, cell quality."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from simplatform.envs.mesh.geometry.mesh import Floats, Mesh
from simplatform.envs.mesh.geometry.quality import quality
from simplatform.envs.mesh.pictures.panels import Panel
from simplatform.errors import UsageError

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MAP = "viridis"


def panels_figure(panels: Sequence[Panel], columns: int = 4, size: float = 3.2) -> Figure:
    """Return a figure of panels in rows of ``columns``, each ``size`` inches wide."""
    rows = -(-len(panels) // columns)
    figure: Figure = _figure(size * columns, 0.92 * size * rows)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis, panel in zip(axes, panels, strict=False):
        draw_panel(axis, panel)
    for axis in axes[len(panels) :]:
        axis.set_axis_off()
    return figure


def before_and_after(before: Mesh, after: Mesh, monitor: Floats) -> Figure:
    """Return a figure of both meshes, the monitor and the cell quality; only the last outside the plane."""
    if before.dim != 2:
        return quality_figure(before, after)
    figure: Figure = _figure(9, 8)
    axes = figure.subplots(2, 2)
    draw_panel(axes[0, 0], Panel(f"original: {len(before.points)} vertices", before))
    draw_panel(axes[0, 1], Panel("moved", after))
    draw_panel(axes[1, 0], Panel("monitor on the original mesh", before, monitor))
    draw_quality(axes[1, 1], before, after)
    return figure


def check_picture(path: Path) -> None:
    """Refuse a picture file that cannot be written, before anything is computed for it.

    Raises:
        UsageError: no folder of that name, or a suffix that matplotlib does not draw.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    known = FigureCanvasAgg.get_supported_filetypes()
    if path.suffix[1:].lower() not in known:
        raise UsageError(f"{path} is no picture that can be drawn: its suffix may be {', '.join(sorted(known))}")
    if not path.parent.is_dir():
        raise UsageError(f"{path} cannot be written: there is no folder {path.parent}")


def quality_figure(before: Mesh, after: Mesh) -> Figure:
    """Return the histograms of cell quality before and after."""
    figure: Figure = _figure(5.5, 2.8)
    draw_quality(figure.subplots(), before, after)
    return figure


def history_figure(original: Floats, moved: Floats, what: str) -> Figure:
    """Return both errors of a time-dependent run against the number of the interval."""
    figure: Figure = _figure(5.5, 2.8)
    axes = figure.subplots()
    steps = np.arange(1, len(original) + 1)
    axes.plot(steps, original, color="0.5", label="original mesh")
    axes.plot(steps, moved, color="#d1495b", label="moving mesh")
    axes.set(xlabel="number of the time interval", ylabel=what, ylim=(0, None))
    axes.legend(frameon=False)
    return figure


def draw_panel(axes: Axes, panel: Panel) -> None:
    """Draw the edges of a 2-D mesh, or its values with a colour bar."""
    if panel.values is None:
        from matplotlib.collections import LineCollection

        mesh = panel.mesh
        axes.add_collection(LineCollection(list(mesh.points[mesh.edges]), linewidths=0.5, colors="#1f3b57"))
    else:
        panel = panel.triangles
        shading = {"facecolors": panel.values} if panel.cellwise else {"shading": "gouraud"}
        args = () if panel.cellwise else (panel.values,)
        tripcolor: Any = axes.tripcolor
        image = tripcolor(
            *panel.mesh.points.T, panel.mesh.cells, *args, **shading, vmin=panel.low, vmax=panel.high, cmap=MAP
        )
        axes.figure.colorbar(image, ax=axes, shrink=0.7)
    _frame(axes, panel.mesh, panel.title)


def draw_quality(axes: Axes, before: Mesh, after: Mesh) -> None:
    """Draw histograms of cell quality (1 = equilateral, 0 = degenerate, negative = inverted)."""
    for mesh, name in ((before, "original"), (after, "moved")):
        axes.hist(quality(mesh), bins=40, range=(-0.2, 1.0), alpha=0.6, label=name)
    axes.set(
        title="quality of cells (1 equilateral, 0 flat, below inverted)", xlabel="4√3·area / Σ edge²", ylabel="cells"
    )
    axes.legend()


def pixels(figure: Figure) -> np.ndarray:
    """Render a figure: ``(H, W, 3)`` uint8."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3].copy()


def _figure(width: float, height: float) -> Any:
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), dpi=80, layout="constrained")


def _frame(axes: Axes, mesh: Mesh, title: str) -> None:
    low, high = mesh.bounds
    margin = 0.02 * float((high - low).max())
    axes.set_title(title, fontsize=9)
    axes.set(aspect="equal", xlim=(low[0] - margin, high[0] + margin), ylim=(low[1] - margin, high[1] + margin))
    axes.set_axis_off()
