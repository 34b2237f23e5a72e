"""The first line of a run: is its method better than doing what needs no training? From summary.json alone."""

from __future__ import annotations

import pytest

import simplatform as sp
from simplatform.report.verdict import no_better_than
from tests.core.pipeline.opponents_cases import FAST

LEARNED = {**FAST, "train.steps": 400, "task.demonstrations": 30, "train.lr": 0.01, "task.episodes": 30}


@pytest.fixture
def run():
    return sp.run("toy", "toy/opposed", settings=FAST)


def test_a_method_that_is_no_better_says_so_first(run):
    assert no_better_than(run.summary) == ["toy-mean"]  # twelve steps teach nothing
    assert run.verdict.startswith("toy is no better than toy-mean on toy/opposed: success ")
    assert (run.path / "CARD.md").read_text().splitlines()[2:5:2] == [run.sentence, run.verdict]
    page = (run.path / "report.html").read_text()
    assert page.index("no better than toy-mean") < page.index('class="headline"')


def test_a_method_that_is_better_says_by_how_much():
    run = sp.run("toy", "toy/opposed", settings=LEARNED)
    assert no_better_than(run.summary) == []
    assert run.verdict.startswith("toy is better than toy-mean, its strongest opponent on toy/opposed: success ")
