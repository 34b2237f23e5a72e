"""Pictures of meshes by PyVista, off-screen, in a process of their own.

VTK ends the whole program where it finds no way to draw, so that it must not run in ours: the child reads panels from
a file and writes a picture. Where it cannot, matplotlib draws the same panels.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from simplatform.envs.mesh.geometry.mesh import Mesh
from simplatform.envs.mesh.pictures.panels import Panel

SECONDS = 180
SIDE = 420
"""Pixels of a panel's side."""


def render(panels: Sequence[Panel], columns: int = 4) -> tuple[np.ndarray, str]:
    """Return a picture of panels of plane meshes ``(H, W, 3)`` uint8, and what drew it: "pyvista" or "matplotlib"."""
    picture = by_pyvista(panels, columns)
    if picture is not None:
        return picture, "pyvista"
    from simplatform.envs.mesh.pictures.figures import panels_figure, pixels

    return pixels(panels_figure(panels, columns)), "matplotlib"


def by_pyvista(panels: Sequence[Panel], columns: int = 4, seconds: float = SECONDS) -> np.ndarray | None:
    """Return the picture, or None where PyVista is not installed or cannot draw."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "panels.npz", Path(folder) / "picture.npy"
        arrays: dict[str, Any] = _packed(panels)
        np.savez(source, **arrays, columns=np.array(columns))
        command = [sys.executable, "-m", "simplatform.envs.mesh.pictures.rendering", str(source), str(target)]
        try:
            subprocess.run(command, capture_output=True, check=True, timeout=seconds, env=_environment())
        except (subprocess.SubprocessError, OSError):
            return None
        return np.load(target) if target.exists() else None


def _environment() -> dict[str, str]:
    """Draw by software where there is no screen; a user's own choice is left alone."""
    chosen = {} if "DISPLAY" in os.environ else {"VTK_DEFAULT_OPENGL_WINDOW": "vtkOSOpenGLRenderWindow"}
    return {**chosen, **os.environ}


def _packed(panels: Sequence[Panel]) -> dict[str, np.ndarray]:
    arrays: dict[str, np.ndarray] = {"titles": np.array([panel.title for panel in panels])}
    for number, panel in enumerate(panels):
        panel = panel if panel.values is None else panel.triangles
        arrays[f"points{number}"], arrays[f"cells{number}"] = panel.mesh.points, panel.mesh.cells
        arrays[f"values{number}"] = np.zeros(0) if panel.values is None else panel.values
        limits = [np.nan if limit is None else limit for limit in (panel.low, panel.high)]
        arrays[f"limits{number}"] = np.array(limits)
    return arrays


def _unpacked(arrays: dict[str, np.ndarray]) -> list[Panel]:
    panels = []
    for number, title in enumerate(arrays["titles"]):
        mesh, values = _planar(arrays[f"points{number}"], arrays[f"cells{number}"]), arrays[f"values{number}"]
        limits = [None if np.isnan(limit) else float(limit) for limit in arrays[f"limits{number}"]]
        panels.append(Panel(str(title), mesh, values if len(values) else None, *limits))
    return panels


def _planar(points: np.ndarray, cells: np.ndarray) -> Mesh:
    return Mesh(points, cells, "quad" if cells.shape[1] == 4 else "triangle")


def draw(panels: Sequence[Panel], columns: int) -> np.ndarray:
    """Draw panels by PyVista in this process, ``(H, W, 3)`` uint8."""
    import pyvista

    rows = -(-len(panels) // columns)
    plotter: Any = pyvista.Plotter(
        off_screen=True, shape=(rows, columns), border=False, window_size=[SIDE * columns, SIDE * rows]
    )
    plotter.set_background("white")
    for number, panel in enumerate(panels):
        plotter.subplot(number // columns, number % columns)
        _add(plotter, panel)
    return np.asarray(plotter.screenshot(return_img=True))[..., :3]


def _add(plotter: Any, panel: Panel) -> None:
    import pyvista

    mesh = panel.mesh
    points = np.column_stack([mesh.points, np.zeros(len(mesh.points))])
    faces: Any = mesh.cells
    surface = pyvista.PolyData.from_regular_faces(points, faces)
    if panel.values is None:
        plotter.add_mesh(surface, color="white", show_edges=True, edge_color="#1f3b57", lighting=False)
    else:
        (surface.cell_data if panel.cellwise else surface.point_data)["field"] = panel.values
        limits = None if panel.low is None else (panel.low, panel.high)
        bar = {"title": panel.title, "color": "black", "n_labels": 3, "fmt": "%.2g", "title_font_size": 1}
        bar |= {"label_font_size": 13, "position_x": 0.2, "position_y": 0.02, "width": 0.6, "height": 0.06}
        plotter.add_mesh(surface, scalars="field", clim=limits, cmap="viridis", lighting=False, scalar_bar_args=bar)
    plotter.add_text(panel.title, position=(0.03, 0.94), viewport=True, font_size=8, color="black")
    plotter.view_xy()
    plotter.camera.zoom(1.15)


def main() -> None:
    """Read panels from the first argument, write the picture to the second."""
    source, target = sys.argv[1:]
    with np.load(source) as file:
        arrays = dict(file)
    np.save(target, draw(_unpacked(arrays), int(arrays["columns"])))


if __name__ == "__main__":
    main()
