"""Views in space: the page holds what was given, to 16 bits; the script comes once; a browser turns them."""

from __future__ import annotations

import base64
import html
import json
import re

import numpy as np
import pytest

import simplatform as sp
from simplatform.report import scenes_html, surface_html
from simplatform.report.space import MARK, STEPS, space_script
from tests.browser import DESK, background, chromium, opened

FAST = {"train.steps": 12, "task.episodes": 3, "task.record": 1}
PIXELS = "v => new Set(v.querySelector('canvas').getContext('2d').getImageData(0, 0, 400, 300).data).size"


def data_of(view):
    return json.loads(html.unescape(re.search(rf'{MARK}"([^"]*)"', view).group(1)))


def places(data, text):
    low, high = np.array(data["low"]), np.array(data["high"])
    return low + np.frombuffer(base64.b64decode(text), "<u2").reshape(-1, 3) / STEPS * (high - low)


def test_points_and_paths_come_back_to_sixteen_bits():
    rng = np.random.default_rng(0)
    cloud, path = rng.normal(size=(50, 3)), 3 + rng.normal(size=(7, 3))
    data = data_of(scenes_html([("a", cloud, {"way": path})], "clouds"))
    step = np.ptp(np.concatenate([cloud, path]), axis=0).max() / STEPS
    np.testing.assert_allclose(places(data, data["scenes"][0]["points"]), cloud, atol=step)
    np.testing.assert_allclose(places(data, data["scenes"][0]["paths"][0]["points"]), path, atol=step)


def test_a_plane_mesh_is_lifted_by_its_values_and_its_third_axis_tells_them():
    points, triangles = np.array([[0.0, 0], [1, 0], [0, 1]]), np.array([[0, 1, 2]])
    view = surface_html(points, triangles, np.array([5.0, 5, 9]), 'a "plane"', axes=("x in m", "y in m", "u"))
    data = data_of(view)
    assert (data["low"][2], data["high"][2]) == (5.0, 9.0)
    assert data["axes"] == ["x in m", "y in m", "u"]
    assert "a &quot;plane&quot;" in view
    flat = data_of(surface_html(points, triangles, np.zeros(3), "nothing"))
    assert np.frombuffer(base64.b64decode(flat["scenes"][0]["triangles"]), "<u4").tolist() == [0, 1, 2]


def test_the_script_comes_once_and_only_where_it_is_needed():
    view = scenes_html([("a", np.eye(3), {})], "x")
    assert space_script(["<p>nothing</p>"]) == ""
    assert 1000 < len(space_script([view, view])) < 12_000
    assert "<input" not in view
    assert "<input" in scenes_html([("a", np.eye(3), {}), ("b", np.eye(3), {})], "x")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("SIMPLATFORM_CACHE", str(tmp_path_factory.mktemp("cache")))
    yield sp.run("toy", settings=FAST, output=tmp_path_factory.mktemp("runs"), device="cpu").report
    patch.undo()


def test_a_report_is_dark_where_the_reader_is_and_its_views_are_drawn(report):
    with chromium() as running:
        colours = []
        for scheme in ("light", "dark"):
            with opened(running, report, DESK, scheme) as page:
                assert page.locator(".space canvas").count() >= 2
                assert page.locator(".space").first.evaluate(PIXELS) > 8
                colours.append(background(page))
        assert colours[0] != colours[1]


def test_a_view_turns_under_mouse_and_keys_and_its_slider_changes_the_scene(report):
    with chromium() as running, opened(running, report) as page:
        view = page.locator(".space").first
        canvas = view.locator("canvas")
        canvas.scroll_into_view_if_needed()
        state = "v => JSON.stringify([v.space.camera, v.space.shown])"
        before, box = view.evaluate(state), canvas.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 3
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x + 80, y + 30, steps=4)
        page.mouse.up()
        turned = view.evaluate(state)
        assert turned != before
        canvas.press("ArrowLeft")
        assert view.evaluate(state) not in (before, turned)
        canvas.dblclick()
        assert view.evaluate(state) == before
        drawn = "v => v.querySelector('canvas').toDataURL()"
        first = view.evaluate(drawn)
        view.locator("input").press("ArrowRight")
        assert view.locator("output").text_content() == "start"
        assert view.evaluate(drawn) != first
