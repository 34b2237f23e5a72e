"""Pictures of a report are files of the run as well."""

from __future__ import annotations

import numpy as np
from matplotlib.figure import Figure

from simplatform.report.pictures import save_pictures
from simplatform.report.section import animation_html, figure_html

FRAMES = [np.full((8, 8, 3), 40 * k, np.uint8) for k in range(5)]


def test_each_picture_becomes_a_file_and_replaces_those_of_an_earlier_report(tmp_path):
    bodies = [figure_html(Figure(), "loss & error"), "<p>no picture</p>" + animation_html(FRAMES, "../film")]
    figure, film = save_pictures(tmp_path, bodies)
    assert figure == tmp_path / "figures" / "01-loss-error.png"
    assert film == tmp_path / "videos" / "02-film.webp"
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert film.read_bytes()[8:12] == b"WEBP"
    mine = tmp_path / "figures" / "mine.png"
    mine.write_bytes(b"kept")
    assert save_pictures(tmp_path, [bodies[1]]) == [tmp_path / "videos" / "01-film.webp"]
    assert [path.name for path in (tmp_path / "figures").iterdir()] == ["mine.png"]
    assert not film.exists()
