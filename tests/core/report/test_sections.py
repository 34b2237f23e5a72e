"""Sections that every run has: the numbers of the summary, and nothing of a file as markup."""

from __future__ import annotations

import json
import re
import shutil

import pytest

from simplatform.report.sections import BUILT_IN, episodes, latency, learning_curve, scores, settings
from simplatform.report.view import RunView
from simplatform.runs.rundir import RunDirectory
from tests.core.runs.run_of_0_1_cases import RUN


@pytest.fixture
def folder(tmp_path):
    shutil.copytree(RUN, tmp_path / RUN.name)
    return tmp_path / RUN.name


def view(folder):
    return RunView(RunDirectory.open(folder))


def changed(folder, change):
    path = folder / "eval" / "summary.json"
    summary = json.loads(path.read_text())
    change(summary)
    path.write_text(json.dumps(summary))
    return view(folder)


def test_scores_are_every_metric_of_every_split(folder):
    run = view(folder)
    body = scores(run).body
    for split in run.summary["splits"]:
        for name, value in run.estimates(split).items():
            assert name in body
            assert str(value) in body
    assert f"n = {run.estimates()[run.task.metric.name].n}, seed {run.recipe.seed}" in body


def test_latency_is_in_milliseconds(folder):
    def change(summary):
        summary["splits"]["test"]["latency"] = {"calls": 12, "median": 0.00125, "p95": 0.0025}
        summary["parameters"] = 1234567

    body = latency(changed(folder, change)).body
    assert "1.25 ms" in body
    assert "2.50 ms" in body
    assert "1,234,567" in body


def test_a_curve_needs_two_losses(folder):
    path = folder / "metrics.jsonl"
    path.write_text('{"step": 1, "loss": 2.0}\n')
    assert learning_curve(view(folder)) is None
    path.write_text('{"step": 1, "loss": 2.0}\n{"step": 2, "loss": 1.0, "validation_loss": 1.5}\n')
    assert "data:image/png" in learning_curve(view(folder)).body


def test_episodes_are_all_rows(folder):
    run = view(folder)
    body = episodes(run).body
    assert f"{len(run.rows)} episodes" in body
    assert len(re.findall("<tr", body)) == len(run.rows) + 1
    assert str(run.rows[0]["seed"]) in body


def test_how_to_do_it_again_is_the_recipe(folder):
    run = view(folder)
    body = settings(run).body
    assert "Machine and versions" in body
    assert f"&quot;plugin&quot;: &quot;{run.recipe.plugin}&quot;" in body


def test_sections_stand_in_their_order(folder):
    found = [section for make in BUILT_IN if (section := make(view(folder))) is not None]
    orders = [section.order for section in found]
    assert orders == sorted(orders)
    assert found[0].title == "Scores"


def test_losses_that_are_no_numbers_are_left_out_of_the_curve(folder, monkeypatch):
    drawn = []
    monkeypatch.setattr("matplotlib.axes.Axes.plot", lambda self, x, y, *rest, **more: drawn.append((x, y)))
    monkeypatch.setattr("matplotlib.axes.Axes.legend", lambda self, **more: None)
    odd = ['"x"', "null", "1e999", "NaN", "true", "[1]", "{}", '"<script>"', "1e400", "-Infinity"]
    lines = [f'{{"step": {number}, "loss": {value}}}' for number, value in enumerate(odd)]
    more = ['{"step": "a", "loss": 1}', "[1]", "3", '{"loss": 1}', '{"step": 20, "loss": 2.0, "validation_loss": "q"}']
    (folder / "metrics.jsonl").write_text("\n".join([*lines, *more, '{"step": 21, "loss": 1.0}', '{"step": 2']) + "\n")
    assert learning_curve(view(folder)) is not None
    assert drawn == [([20, 21], [2.0, 1.0])]
