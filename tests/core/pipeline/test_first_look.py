"""A first look shows what a training has learned so far, and changes nothing of it."""

from __future__ import annotations

from pathlib import Path

import pytest

import simplatform as sp
from simplatform.pipeline import first_look
from tests.core.pipeline.pipeline_cases import FAST, weights

SETTINGS = {**FAST, "task.record": 1, "task.opponents": False}


class Heard:
    """Keeps the lines, and the page that a first look names as it stands then."""

    def __init__(self):
        self.said, self.pages = [], []

    def say(self, text):
        self.said.append(text)
        if text.startswith("first look"):
            page = Path(text.partition("steps: ")[2].removesuffix(" (the report will be there)"))
            self.pages.append(page.read_text(encoding="utf8"))

    def progress(self, stage, done, total, note=""):
        assert 0 <= done <= total


@pytest.fixture
def watched(monkeypatch):
    monkeypatch.setattr(first_look, "LONG", 0.0)
    return Heard()


def test_one_look_is_on_the_page_while_the_training_goes_on_and_changes_no_bit(watched):
    seen = sp.run("toy", settings=SETTINGS, output="seen", console=watched)
    alone = sp.run("toy", settings=SETTINGS, output="alone")
    assert sum("first look" in line for line in watched.said) == 1
    assert "A first look after 4 of 12 steps of training: one episode" in watched.pages[0]
    assert "A first look" not in seen.report.read_text(encoding="utf8")
    one, other = weights(seen), weights(alone)
    assert one.keys() == other.keys()
    assert all((one[name] == other[name]).all() for name in one)
    assert seen.summary["splits"]["test"]["metrics"] == alone.summary["splits"]["test"]["metrics"]


def test_a_short_training_or_one_that_records_nothing_has_none(watched, monkeypatch):
    sp.run("toy", settings={**SETTINGS, "task.record": 0}, output="unrecorded", console=watched)
    monkeypatch.setattr(first_look, "LONG", 1e6)
    sp.run("toy", settings=SETTINGS, output="short", console=watched)
    assert not any("first look" in line for line in watched.said)


def test_a_look_that_fails_is_said_and_the_run_goes_on(watched, monkeypatch):
    def failing(*arguments, **settings):
        raise ValueError("no display")

    monkeypatch.setattr(first_look, "read_policy", failing)
    run = sp.run("toy", settings=SETTINGS, console=watched)
    assert "no first look at step 4: ValueError: no display" in watched.said
    assert run.report.is_file()
    assert run.summary["splits"]
