"""The pieces of sections: tables are regions that a keyboard reaches, cells are text, pictures are in the page."""

from __future__ import annotations

import io

import numpy as np
from matplotlib.figure import Figure
from PIL import Image

from simplatform.report.section import animation_bytes, animation_html, figure_html, table_html


def test_a_table_is_named_by_its_header_and_its_cells_are_text():
    table = table_html(("", "a & b"), [("<i>", 1.5)])
    assert "<td></td><th>a &amp; b</th>" in table
    assert "<td>&lt;i&gt;</td><td>1.5</td>" in table
    assert 'tabindex="0" role="region" aria-label="a &amp; b"' in table
    assert 'aria-label="table"' in table_html(("",), [])


def test_pictures_are_whole_and_described():
    assert figure_html(Figure(), 'a "plot"').startswith('<img src="data:image/png;base64,')
    assert 'alt="a &quot;plot&quot;"' in figure_html(Figure(), 'a "plot"')
    frames = [np.full((8, 8, 3), shade, np.uint8) for shade in (0, 120, 250)]
    assert "data:image/webp" in animation_html(frames, "film")
    read = Image.open(io.BytesIO(animation_bytes(frames, 0.2)))
    assert (read.n_frames, read.size) == (3, (8, 8))
