"""Text of anyone, shown: control characters as escapes."""

from __future__ import annotations

import pytest

import simplatform as sp
from simplatform.text import markdown
from tests.core.pipeline.opponents_cases import FAST


@pytest.fixture
def run():
    return sp.run("toy", "toy/opposed", settings=FAST)


def test_an_opponent_that_is_not_installed_costs_nobody_the_run(run):
    failure = run.summary["opponents"]["toy-missing"]["failure"]
    assert "toy-missing" in failure
    assert markdown(failure) in (run.path / "CARD.md").read_text()
