"""A report of each family in a real browser: at the width of a phone and of a desk, in light and dark.

``SIMPLATFORM_SCREENSHOTS=FOLDER`` keeps what was seen, to be looked at.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

import simplatform as sp
from tests.browser import DESK, PHONE, broken_images, chromium, opened, sideways, unfit

ONE = {"task.demonstrations": 1, "task.validation": 0, "task.episodes": 1, "task.record": 1, "task.opponents": False}
FAMILIES = {
    "robot": ("mp1", "metaworld/reach", {
        **ONE, "train.steps": 2, "train.batch": 2, "policy.widths": [8, 16], "env.max_steps": 100,
    }),
    "mesh": ("spring", "helmholtz", {**ONE, "env.n": 6, "task.demonstrations": 0}),
    "mesh-free": ("pig", "pde/helmholtz", {
        "policy.gaussians": 3, "policy.natural": 2, "policy.inside": 30, "policy.outside": 8, "env.points": 100,
        "task.opponents": False,
    }),
    "predictor": ("persistence", "lorenz", ONE),
    "reconstructor": ("neural-ode", "lotka-volterra", {
        **ONE, "policy.steps": 2, "policy.finish": 0, "policy.refine": 0, "task.demonstrations": 9, "task.episodes": 2,
    }),
    "field": ("field-unet", "fields/burgers", {**ONE, "env.points": 32, "train.steps": 2, "policy.multipliers": [1]}),
}  # fmt: skip
SHOWN = {
    "robot": ("Why it falls short", "An episode", "Point cloud and action chunks"), "mesh": ("Meshes",),
    "mesh-free": ("Not to be relied on", "Solution"), "predictor": ("Prediction", "Long-term statistics"),
    "reconstructor": ("Forecasts", "Reconstruction"), "field": ("Fields",),
}  # fmt: skip
LARGEST = 3e6
"""Bytes."""


@pytest.mark.parametrize("family", FAMILIES)
def test_a_report_can_be_read_by_anyone_anywhere(family, tmp_path):
    plugin, task, settings = FAMILIES[family]
    report = sp.run(plugin, task, settings=settings, output=tmp_path, device="cpu", workers=1).report
    titles = re.findall(r"<h2>([^<]*)</h2>", report.read_text())
    assert set(SHOWN[family]) <= set(titles)
    assert [title for title in titles if "failed" in title and "toy" not in title] == []
    assert report.stat().st_size < LARGEST
    seconds = []
    with chromium() as running:
        for viewport, scheme in ((DESK, "light"), (PHONE, "dark")):
            with opened(running, report, viewport, scheme) as page:
                took = "performance.getEntriesByType('navigation')[0].loadEventEnd"
                seconds.append(page.evaluate(took) / 1000)
                assert sideways(page) <= 0
                assert broken_images(page) == []
                assert unfit(page) == []
                _keep(page, f"{family}-{viewport['width']}-{scheme}")
    print(f"{family}: {report.stat().st_size / 1e6:.2f} MB, loaded in {min(seconds):.2f} s")  # timings are no test


def _keep(page, name):
    folder = os.environ.get("SIMPLATFORM_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)
