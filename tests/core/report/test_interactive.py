"""Views in space: Plotly's script once per report and only where it is needed; and a browser shows them."""

from __future__ import annotations

import numpy as np
import pytest

import simplatform as sp
from simplatform.report import scenes_html, surface_html
from simplatform.report.interactive import MARK, script_for
from tests.browser import DESK, PHONE, background, broken_images, chromium, opened, sideways

FAST = {"train.steps": 12, "task.episodes": 3, "task.record": 1}


def test_the_script_comes_once_and_only_where_it_is_needed():
    view = surface_html(np.eye(3)[:, :2], np.array([[0, 1, 2]]), np.arange(3.0), 'a "plane"')
    assert view.count(MARK) == 1
    assert "a &quot;plane&quot;" in view
    assert script_for(["<p>nothing</p>"]) == ""
    assert len(script_for([view, view])) > 1e6


def test_scenes_have_a_slider_where_there_are_several():
    cloud = np.random.default_rng(0).normal(size=(5, 3))
    one = scenes_html([("a", cloud, {})], "clouds")
    two = scenes_html([("a", cloud, {}), ("b", cloud, {"path": cloud[:2]})], "clouds")
    assert '"sliders"' not in one
    assert '"sliders"' in two


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("SIMPLATFORM_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield sp.run("toy", settings=FAST, output=tmp_path_factory.mktemp("runs"), device="cpu").report
    patch.undo()


def test_a_report_opens_from_a_file_in_light_and_dark_and_on_a_phone(report):
    with chromium() as running:
        colours = []
        for viewport, scheme in ((DESK, "light"), (DESK, "dark"), (PHONE, "light")):
            with opened(running, report, viewport, scheme) as page:
                assert sideways(page) <= 0
                assert broken_images(page) == []
                assert page.locator(".plotly-graph-div .main-svg").count() >= 2
                colours.append(background(page))
        assert colours[0] == colours[2] != colours[1]


def test_a_view_turns_under_the_mouse_and_its_slider_changes_the_scene(report):
    with chromium() as running, opened(running, report) as page:
        view = page.locator(".plotly-graph-div").first
        view.scroll_into_view_if_needed()
        page.wait_for_timeout(500)
        eye = "g => JSON.stringify(g._fullLayout.scene._scene.getCamera().eye)"
        before, box = view.evaluate(eye), view.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 3
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 80, y + 30, steps=4)
        page.mouse.up()
        page.wait_for_timeout(300)
        assert view.evaluate(eye) != before
        shown = "g => g.data.map(trace => trace.visible)"
        assert view.evaluate(shown) == [True, True, False]
        rail = view.locator(".slider-rail-touch-rect").bounding_box()
        page.mouse.click(rail["x"] + rail["width"] - 4, rail["y"] + rail["height"] / 2)
        page.wait_for_timeout(300)
        assert view.evaluate(shown) == [False, False, True]
