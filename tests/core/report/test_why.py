"""The section "Why": each cause alone is named, with its numbers; none is named where nothing stands out."""

from __future__ import annotations

import math
from types import SimpleNamespace

import pytest

from simplatform.report.why import why
from simplatform.runs.records import WhyRecord, plain

SOUND = {
    "episodes": 3, "expert": 3, "replayed": 3, "mean_action": 1.0, "beyond": 0.0,
    "error": {"training": [0.1, 0.1, 0.1], "unseen": [0.2, 0.2, 0.2], "own": [0.2, 0.3, 0.3]},
    "distance": {"unseen": [0.1, 0.1, 0.1], "own": [0.1, 0.1, 0.1]},
    "clipped": {"training": 0.0, "own": 0.0}, "uncovered": {"unseen": math.nan, "own": math.nan},
}  # fmt: skip
CAUSES = {
    "Its own shell loses the expert": {"replayed": 1},
    "It has not learned its demonstrations": {"error": {"training": [0.1, 0.9, 0.1], "unseen": [1.0], "own": [1.0]}},
    "does not carry over": {"error": {"training": [0.1] * 3, "unseen": [0.1, 0.1, 0.8], "own": [0.8] * 3}},
    "not the way back to it": {"error": {"training": [0.1] * 3, "unseen": [0.2] * 3, "own": [0.2, 0.5, 1.4]}},
    "It leaves what it was shown": {"distance": {"unseen": [0.1] * 3, "own": [0.1, 0.4, 2.0]}},
    "cut off by the action space": {"clipped": {"training": 0.01, "own": 0.4}},
    "where no training cloud has one": {"uncovered": {"unseen": 0.1, "own": 0.5}},
}


def body(found):
    section = why(SimpleNamespace(summary={"why": plain(WhyRecord.model_validate({**SOUND, **found}), whole=True)}))
    return section.body


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_alone_is_named(cause):
    text = body(CAUSES[cause]).partition("</ul>")[0]
    assert cause in text
    assert text.count("<li>") == 1


def test_where_nothing_stands_out_that_is_said():
    text = body({})
    assert "None of the causes below stands out" in text
    assert text.count("<table>") == 3
    assert "nan" not in text


def test_there_is_no_section_without_a_shortfall_and_a_failure_is_told_as_text():
    assert why(SimpleNamespace(summary={})) is None
    told = why(SimpleNamespace(summary={"why": {"failure": "<b>broken</b>"}}))
    assert "&lt;b&gt;broken" in told.body
