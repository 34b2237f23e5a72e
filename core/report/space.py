"""Views in space that a reader turns with mouse, finger or keys: point clouds with paths, and surfaces over meshes.

Drawn by a small script of our own (``space.js``) on a canvas; a page carries it once, and only where a section uses it.
Coordinates stand in the page as 16-bit steps of the box that holds them, which is finer than a screen's pixels.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np

from simplatform.demonstrations.episode import Array

COLOURS = ("#d1495b", "#1f9e64", "#3d7dca", "#c78a1b")
MARK = "data-space="
"""What the HTML of every such view holds."""
AXES = ("x", "y", "z")
STEPS = 65535
Scene = tuple[str, Array, Mapping[str, Array]]


def scenes_html(
    scenes: Sequence[Scene], alt: str, axes: Sequence[str] = AXES, colours: Mapping[str, str] | None = None
) -> str:
    """Return a view of point clouds ``(name, points (N, 3), paths by name (K, 3))``, one at a time, with a slider.

    ``axes`` name the coordinates, with their units; ``colours`` those of paths, by their names.
    """
    everything = np.concatenate([part for _, points, paths in scenes for part in (points, *paths.values())])
    low, high = _bounds(everything)
    names = dict.fromkeys(name for _, _, paths in scenes for name in paths)
    inks = {name: COLOURS[number % len(COLOURS)] for number, name in enumerate(names)} | dict(colours or {})
    shown = [_scene(points, points[:, 2], paths, low, high, inks=inks) for _, points, paths in scenes]
    legend = "".join(f'<li><i style="background:{inks[name]}"></i>{html.escape(name)}</li>' for name in names)
    return _view(shown, low, high, alt, axes, _slider([name for name, *_ in scenes], alt) + _list(legend))


def surface_html(
    points: Array, triangles: Array, values: Array, alt: str, height: float = 0.4, axes: Sequence[str] = ("x", "y", "")
) -> str:
    """Return the surface of ``values (V,)`` over a triangle mesh, ``points (V, 2 or 3)`` and ``triangles (T, 3)``.

    A plane mesh is lifted by its values, to ``height`` times its width; one in space is coloured by them. ``axes`` name
    x, y and what the values are.
    """
    values = np.asarray(values, float)
    span = float(np.ptp(values)) or 1.0
    lifted = (values - values.min()) / span * height * float(np.ptp(points, axis=0).max())
    places = points if points.shape[1] == 3 else np.column_stack([points, lifted])
    low, high = _bounds(places)
    told_low, told_high = low.copy(), high.copy()
    if points.shape[1] == 2:
        told_low[2], told_high[2] = values.min(), values.max()
    scene = _scene(places, values, {}, low, high, triangles)
    ramp = f'<li>{values.min():.3g} <i class="ramp"></i> {values.max():.3g}</li>'
    named = axes if points.shape[1] == 2 else AXES
    return _view([scene], told_low, told_high, alt, named, _list(ramp))


def space_script(bodies: Sequence[str]) -> str:
    """Return the script of the views where one of the sections' bodies holds one, else an empty string."""
    return _script() if any(MARK in body for body in bodies) else ""


@cache
def _script() -> str:
    return files("simplatform.report").joinpath("space.js").read_text("utf-8")


def _view(scenes: list[dict[str, Any]], low: Array, high: Array, alt: str, axes: Sequence[str], below: str) -> str:
    data = {"low": low.tolist(), "high": high.tolist(), "axes": list(axes), "scenes": scenes}
    help = "drag, or arrow keys, to turn; + and − to come nearer; twice clicked, it is as it was"
    canvas = f'<canvas role="img" tabindex="0" aria-label="{html.escape(alt)}: {help}" title="{help}"></canvas>'
    return f'<div class="space" {MARK}"{html.escape(json.dumps(data))}">{canvas}{below}</div>'


def _slider(names: Sequence[str], alt: str) -> str:
    if len(names) < 2:
        return ""
    told = html.escape("\n".join(names))
    return (
        f'<label><input type="range" min="0" max="{len(names) - 1}" value="0" data-names="{told}" '
        f'aria-label="which of {html.escape(alt)}"><output>{html.escape(names[0])}</output></label>'
    )


def _list(items: str) -> str:
    return f"<ul>{items}</ul>" if items else ""


def _scene(
    points: Array,
    values: Array,
    paths: Mapping[str, Array],
    low: Array,
    high: Array,
    triangles: Array | None = None,
    inks: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    return {
        "points": _packed(points, low, high),
        "values": _packed(values, np.min(values, initial=np.inf), np.max(values, initial=-np.inf)),
        "triangles": _text(np.asarray([] if triangles is None else triangles, "<u4")),
        "paths": [
            {"colour": (inks or {})[name], "points": _packed(path, low, high)} for name, path in paths.items()
        ],
    }  # fmt: skip


def _bounds(points: Array) -> tuple[Array, Array]:
    points = np.asarray(points, float)
    return points.min(0), points.max(0)


def _packed(values: Array, low: Any, high: Any) -> str:
    span = np.where(np.asarray(high) > low, np.asarray(high) - low, 1.0)
    return _text(np.clip(np.round((np.asarray(values, float) - low) / span * STEPS), 0, STEPS).astype("<u2"))


def _text(values: Array) -> str:
    return base64.b64encode(values.tobytes()).decode("ascii")
