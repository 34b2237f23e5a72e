"""Pictures of meshes: before and after, solution and monitor fields, cell quality. Drawn by matplotlib, without a
display.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from simplatform.envs.mesh.mesh import Floats, Mesh
from simplatform.envs.mesh.quality import quality

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


def overview(before: Mesh, after: Mesh, solution: Floats, moved_solution: Floats, monitor: Floats) -> np.ndarray:
    """Return one image ``(H, W, 3)``: both meshes, the monitor, both solutions, both histograms of cell quality."""
    figure = overview_figure(before, after, solution, moved_solution, monitor)
    return pixels(figure)


def overview_figure(before: Mesh, after: Mesh, solution: Floats, moved_solution: Floats, monitor: Floats) -> Figure:
    """Return the figure of ``overview``, to save in any format."""
    figure = _figure(12, 7.2)
    axes = figure.subplots(2, 3)
    draw_field(axes[0, 0], before, monitor, "monitor on the original mesh")
    draw_mesh(axes[0, 1], before, f"original: {len(before.points)} vertices")
    draw_mesh(axes[0, 2], after, "moved")
    low, high = float(min(solution.min(), moved_solution.min())), float(max(solution.max(), moved_solution.max()))
    draw_field(axes[1, 0], before, solution, "solution, original mesh", low, high)
    draw_field(axes[1, 1], after, moved_solution, "solution, moved mesh", low, high)
    draw_quality(axes[1, 2], before, after)
    return figure


def before_and_after(before: Mesh, after: Mesh, monitor: Floats) -> Figure:
    """Return a figure of both meshes, the monitor and the cell quality; only the meshes for cells without fields."""
    figure = _figure(9, 8)
    axes = figure.subplots(2, 2)
    draw_mesh(axes[0, 0], before, f"original: {len(before.points)} vertices")
    draw_mesh(axes[0, 1], after, "moved")
    if before.kind == "triangle":
        draw_field(axes[1, 0], before, monitor, "monitor on the original mesh")
    draw_quality(axes[1, 1], before, after)
    return figure


def draw_mesh(axes: Axes, mesh: Mesh, title: str) -> None:
    """Draw the edges of a 2-D mesh."""
    from matplotlib.collections import LineCollection

    axes.add_collection(LineCollection(list(mesh.points[mesh.edges]), linewidths=0.5, colors="#1f3b57"))
    _frame(axes, mesh, title)


def draw_field(
    axes: Axes, mesh: Mesh, values: Floats, title: str, low: float | None = None, high: float | None = None
) -> None:
    """Draw nodal values on a mesh of triangles, with a colour bar."""
    image = axes.tripcolor(*mesh.points.T, mesh.cells, values, shading="gouraud", vmin=low, vmax=high, cmap="viridis")
    axes.figure.colorbar(image, ax=axes, shrink=0.8)
    _frame(axes, mesh, title)


def draw_quality(axes: Axes, before: Mesh, after: Mesh) -> None:
    """Draw histograms of cell quality (1 = equilateral, 0 = degenerate, negative = inverted)."""
    for mesh, name in ((before, "original"), (after, "moved")):
        axes.hist(quality(mesh), bins=40, range=(-0.2, 1.0), alpha=0.6, label=name)
    axes.set(title="cell quality", xlabel="4√3·area / Σ edge²", ylabel="cells")
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
    axes.set(
        title=title, aspect="equal", xlim=(low[0] - margin, high[0] + margin), ylim=(low[1] - margin, high[1] + margin)
    )
    axes.set_axis_off()
