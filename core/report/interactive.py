"""Three-dimensional views that a reader turns with the mouse: point clouds with paths, and surfaces over meshes.

Drawn by Plotly. A report carries its script once, and only where a section uses it: the file stays whole, and works
without a network.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from simplatform.demonstrations.episode import Array

if TYPE_CHECKING:
    from plotly.graph_objects import Figure, Scatter3d

INK = "#7d8896"
"""Legible on white and on black."""
COLOURS = ("#d1495b", "#1f9e64", "#3d7dca", "#c78a1b")
_MADE: set[str] = set()
"""Scripts of the views that were made in this process."""
_SCRIPT = re.compile(r"<script[^>]*>(.*?)</script>", re.DOTALL)
MARK = 'class="plotly-graph-div"'
"""What the HTML of every such view holds."""


def scenes_html(scenes: Sequence[tuple[str, Array, Mapping[str, Array]]], alt: str) -> str:
    """Return a view of point clouds ``(name, points (N, 3), paths by name (K, 3))``, one at a time, with a slider."""
    from plotly.graph_objects import Figure

    shown = [[_cloud(points), *_paths(paths)] for _, points, paths in scenes]
    figure = Figure([trace for traces in shown for trace in traces])
    owner = np.repeat(np.arange(len(shown)), [len(traces) for traces in shown])
    for number, trace in enumerate(figure.data):
        trace.visible = bool(owner[number] == 0)
    steps = [
        {"label": name, "method": "restyle", "args": [{"visible": (owner == number).tolist()}]}
        for number, (name, *_) in enumerate(scenes)
    ]
    if len(scenes) > 1:
        figure.update_layout(sliders=[{"steps": steps, "pad": {"t": 10, "b": 45}, "font": {"color": INK}}])
    figure.update_layout(scene={"aspectmode": "data"})
    return view_html(figure, alt)


def surface_html(points: Array, triangles: Array, values: Array, alt: str, height: float = 0.4) -> str:
    """Return the surface of ``values (V,)`` over a triangle mesh, ``points (V, 2 or 3)`` and ``triangles (T, 3)``.

    A plane mesh is lifted by its values, to ``height`` times its width; one in space is coloured by them.
    """
    from plotly.graph_objects import Figure, Mesh3d, Scatter3d

    span = float(np.ptp(values)) or 1.0
    lifted = (values - values.min()) / span * height * float(np.ptp(points, axis=0).max())
    x, y, z = points.T if points.shape[1] == 3 else (*points.T, lifted)
    i, j, k = triangles.T
    surface = Mesh3d(x=x, y=y, z=z, i=i, j=j, k=k, intensity=values, colorscale="Cividis", colorbar={"thickness": 12})
    loops = np.concatenate([triangles, triangles[:, :1]], axis=1)
    rows = np.concatenate([loops, np.full((len(loops), 1), -1)], axis=1).ravel()
    edges = [np.where(rows < 0, np.nan, axis[rows]) for axis in (x, y, z)]
    wire = Scatter3d(
        x=edges[0], y=edges[1], z=edges[2], mode="lines", line={"color": "#1f3a5f", "width": 1}, hoverinfo="skip"
    )
    return view_html(Figure([surface, wire]), alt)


def view_html(figure: Figure, alt: str) -> str:
    """Return any Plotly figure as a part of a section, in colours for light and dark pages."""
    axis = {"color": INK, "gridcolor": INK, "showbackground": False, "title": {"text": ""}}
    figure.update_layout(
        paper_bgcolor="rgba(0,0,0,0)", font={"color": INK}, margin={"l": 0, "r": 0, "t": 0, "b": 0}, showlegend=False
    )
    camera = {"eye": dict.fromkeys("xyz", 1.5)}  # Plotly's own 1.25 cuts corners off
    figure.update_scenes(xaxis=axis, yaxis=axis, zaxis=axis, camera=camera)
    options = {"responsive": True, "displaylogo": False}
    body = figure.to_html(full_html=False, include_plotlyjs=False, config=options, default_height="26rem")
    _MADE.update(_SCRIPT.findall(body))
    return f'<div role="img" aria-label="{_escaped(alt)}">{body}</div>'


def scripts_in(bodies: Sequence[str]) -> list[str]:
    """Return the scripts of the views in some HTML: those that ``view_html`` made, whatever else calls itself one."""
    return [text for body in bodies for text in _SCRIPT.findall(body) if text in _MADE]


def script_for(bodies: Sequence[str]) -> str:
    """Return Plotly's script where one of the sections' bodies needs it, else an empty string."""
    if not any(MARK in body for body in bodies):
        return ""
    from plotly.offline import get_plotlyjs

    script: str = get_plotlyjs()
    return script


def _cloud(points: Array) -> Scatter3d:
    from plotly.graph_objects import Scatter3d

    marker = {"size": 2.2, "color": points[:, 2], "colorscale": "Cividis"}
    return Scatter3d(**_coordinates(points), mode="markers", marker=marker, hoverinfo="skip")


def _paths(paths: Mapping[str, Array]) -> list[Scatter3d]:
    from plotly.graph_objects import Scatter3d

    return [
        Scatter3d(
            **_coordinates(path), mode="lines+markers", name=name, line={"color": COLOURS[number % 4], "width": 5},
            marker={"size": 2.5, "color": COLOURS[number % 4]},
        )
        for number, (name, path) in enumerate(paths.items())
    ]  # fmt: skip


def _coordinates(points: Array) -> dict[str, Any]:
    return dict(zip("xyz", np.round(points.astype(float), 4).T, strict=True))


def _escaped(text: str) -> str:
    import html

    return html.escape(text)
