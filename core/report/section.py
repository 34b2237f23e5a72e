"""Sections and the pieces they are made of: figures, animations and tables as self-contained HTML."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simplatform.demonstrations.episode import Array

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class Section:
    """A part of the report. ``body`` is HTML; ``order`` sorts sections, smaller first (built-in: 10 to 90)."""

    title: str
    body: str
    order: int = 50


def figure_html(figure: Figure, alt: str) -> str:
    """Return a matplotlib figure as an inline SVG-free PNG at twice the screen's resolution; closes the figure."""
    import matplotlib.pyplot as plt

    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=150, bbox_inches="tight", facecolor="white")
    plt.close(figure)
    return _image(buffer.getvalue(), "image/png", alt)


def animation_html(frames: Sequence[Array], alt: str, seconds_per_frame: float = 0.08) -> str:
    """Return frames ``(H, W, 3)`` uint8 as an inline animation that every browser plays."""
    return _image(animation_bytes(frames, seconds_per_frame), "image/webp", alt)


def animation_bytes(frames: Sequence[Array], seconds_per_frame: float = 0.08, kind: str = "WEBP") -> bytes:
    """Return frames as an animated image file ("WEBP" or "GIF")."""
    from PIL import Image

    images = [Image.fromarray(frame) for frame in frames]
    buffer = io.BytesIO()
    options: dict[str, Any] = {"quality": 80} if kind == "WEBP" else {"optimize": True}
    duration = int(1000 * seconds_per_frame)
    images[0].save(buffer, kind, save_all=True, append_images=images[1:], duration=duration, loop=0, **options)
    return buffer.getvalue()


def table_html(header: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table; cells are escaped."""
    head = "".join(f"<th>{html.escape(str(cell))}</th>" if cell else "<td></td>" for cell in header)
    body = "".join("<tr>" + "".join(f"<td>{html.escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    name = html.escape(" · ".join(str(cell) for cell in header if cell) or "table")
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{name}">{table}</div>'


def _image(data: bytes, kind: str, alt: str) -> str:
    encoded = base64.b64encode(data).decode("ascii")
    return f'<img src="data:{kind};base64,{encoded}" alt="{html.escape(alt)}">'
