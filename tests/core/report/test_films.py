"""Films in reports play: a browser shows one picture after another, from a file and without a network."""

from __future__ import annotations

import pytest

import simplatform as sp
from tests.browser import chromium, opened

TINY = {
    "metaworld/reach": {"train.steps": 2, "train.batch": 2, "task.demonstrations": 1, "task.validation": 0},
    "swirl": {"env.n": 8, "task.demonstrations": 1, "task.validation": 0},
}
COUNT = """
async film => {
    const decoder = new ImageDecoder({data: await (await fetch(film.src)).arrayBuffer(), type: "image/webp"});
    await decoder.tracks.ready;
    return decoder.tracks.selectedTrack.frameCount;
}
"""


def pictures(film, page, times=12, wait=150):
    """Return how many different pictures a film shows within a few seconds."""
    film.scroll_into_view_if_needed()
    seen = set()
    for _ in range(times):
        seen.add(film.screenshot())
        page.wait_for_timeout(wait)
    return len(seen)


@pytest.mark.slow
@pytest.mark.parametrize(("plugin", "task"), [("mp1", "metaworld/reach"), ("spring", "swirl")])
def test_a_film_plays_in_a_report(tmp_path, plugin, task):
    settings = {"task.episodes": 1, "task.record": 1, **TINY[task]}
    run = sp.run(plugin, task, settings=settings, output=tmp_path, device="cpu")
    videos = list((run.path / "videos").glob("*.webp"))
    assert videos
    assert all(video.read_bytes()[8:12] == b"WEBP" for video in videos)
    with chromium() as running, opened(running, run.report) as page:
        films, stills = page.locator("img[src^='data:image/webp']"), page.locator("img[src^='data:image/png']")
        assert films.count() >= 1
        film = films.first
        assert film.evaluate("film => film.complete && film.naturalWidth > 100")
        assert film.evaluate(COUNT) >= 8
        assert pictures(film, page) >= 4
        assert pictures(stills.first, page, times=4) == 1  # what the count would say of a picture that stands still
