"""Plotly's figures in reports, for plugins that have some: they turn, zoom and tell their values under the mouse.

A report carries Plotly's script, 4.8 MB, once, and only where a section uses it; it works without a network. Clouds,
paths and surfaces need none of it: ``space``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from plotly.graph_objects import Figure

INK = "#7d8896"
"""Legible on white and on black."""
_MADE: set[str] = set()
"""Scripts of the views that were made in this process."""
_SCRIPT = re.compile(r"<script[^>]*>(.*?)</script>", re.DOTALL)
MARK = 'class="plotly-graph-div"'
"""What the HTML of every such view holds."""


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


def _escaped(text: str) -> str:
    import html

    return html.escape(text)
