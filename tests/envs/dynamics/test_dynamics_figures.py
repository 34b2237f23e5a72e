"""Report sections of predictions and forecasts, drawn from short real runs."""

from __future__ import annotations

import re

import pytest

import simplatform as sp


def body(run, title):
    """Return one section of a report."""
    return re.search(rf"{title}</h2>(.*?)</section>", run.report.read_text(), re.DOTALL).group(1)


@pytest.mark.parametrize(("task", "pictures", "views"), [("kuramoto-sivashinsky", 2, 0)])
def test_predictions_are_drawn(task, pictures, views, tmp_path):
    settings = {"task.episodes": 1, "task.demonstrations": 1, "task.validation": 0, "task.record": 1}
    run = sp.run("persistence", task, settings=settings, output=tmp_path / "runs")
    section = body(run, "Prediction")
    assert section.count("data:image/png") == pictures
    assert section.count("data-space=") == views


def test_forecasts_are_drawn_by_environment(tmp_path):
    quick = {"policy.steps": 2, "finish": 0, "refine": 0}
    settings = {**quick, "task.episodes": 9, "task.demonstrations": 9, "task.validation": 0, "task.record": 2}
    run = sp.run("neural-ode", "lotka-volterra", settings=settings, output=tmp_path / "runs")
    assert body(run, "Forecasts").count("data:image/png") == 2


def test_fields_are_drawn_as_pictures(tmp_path):
    quick = {"policy.steps": 1, "finish": 0, "refine": 0, "adapt_steps": 1, "policy.width": 4, "substeps": 1}
    settings = {**quick, "task.episodes": 1, "task.demonstrations": 2, "task.validation": 0, "task.record": 1}
    run = sp.run("geps", "navier-stokes", settings=settings, output=tmp_path / "runs")
    assert run.summary["relative_mse"]["n"] == 1
    assert 'alt="fields, true and forecast"' in body(run, "Forecasts")
