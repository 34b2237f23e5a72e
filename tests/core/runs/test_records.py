"""Records of a run: strict where they are used, open where another version may add, damaged ones named by key."""

from __future__ import annotations

import math

import pytest

from simplatform.errors import CheckpointError, RunError
from simplatform.report.statistics import Estimate
from simplatform.runs.records import (
    DemonstrationsRecord,
    EstimateRecord,
    StatusRecord,
    SummaryRecord,
    TrainingRecord,
    plain,
    typed,
)

ESTIMATE = {"value": 0.5, "low": 0.1, "high": 0.9, "n": 4}
SPLIT = {"metrics": {"success": ESTIMATE}, "latency": {}}
SUMMARY = {"plugin": "p", "task": "t", "seed": 0, "primary": "success", "parameters": 3, "times": {"fit": None},
           "splits": {"test": SPLIT}}  # fmt: skip


def test_keys_that_another_version_adds_stay():
    found = typed(StatusRecord, {"state": "done", "new": [1]}, "status.json", RunError)
    assert plain(found) == {"state": "done", "new": [1]}
    assert plain(found, whole=True)["pid"] == 0


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"state": "gone"}, "status.json is damaged: state: .* got 'gone'; again"),
        ({"state": "done", "pid": "7"}, "pid: .*got '7'"),
        ({"state": "done", "pid": -7}, "pid"),
        ({}, "state: Field required"),
        ([], "the whole"),
        (None, "the whole"),
    ],
)
def test_what_is_wrong_is_named_by_key(data, message):
    with pytest.raises(RunError, match=message):
        typed(StatusRecord, data, "status.json", RunError, "; again")


def test_the_error_is_of_the_kind_that_was_asked_for():
    with pytest.raises(CheckpointError, match=r"step: .*got 1\.5"):
        typed(TrainingRecord, {"step": 1.5}, "x", CheckpointError)


def test_what_was_not_measured_is_nan_and_estimates_are_whole():
    found = typed(EstimateRecord, {**ESTIMATE, "value": None, "extra": 1}, "x", RunError)
    assert math.isnan(found.value)
    assert set(plain(found)) == {"value", "low", "high", "n", "kind", "k"}
    assert Estimate(**plain(typed(EstimateRecord, ESTIMATE, "x", RunError))).n == 4


def test_a_summary_has_its_primary_metric_on_the_test_split():
    assert typed(SummaryRecord, SUMMARY, "x", RunError).splits["test"].metrics["success"].n == 4
    for changed in ({"primary": "distance"}, {"splits": {"far": SPLIT}},
                    {"opponents": {"o": {"splits": {"far": SPLIT}}}}):  # fmt: skip
        with pytest.raises(RunError, match="the test split, or its metric"):
            typed(SummaryRecord, {**SUMMARY, **changed}, "x", RunError)
    typed(SummaryRecord, {**SUMMARY, "opponents": {"o": {"failure": "it diverged"}}}, "x", RunError)


@pytest.mark.parametrize("path", ["../x", "a/b", "", ".x", "a\nb", "x" * 300])
def test_a_name_in_the_cache_leads_nowhere_else(path):
    card = {"path": path, "episodes": 1, "steps": 1, "content_hash": "0" * 64}
    with pytest.raises(RunError, match="path"):
        typed(DemonstrationsRecord, card, "x", RunError)
    assert typed(DemonstrationsRecord, {**card, "path": "toy-1.0_a"}, "x", RunError).episodes == 1
    with pytest.raises(RunError, match="content_hash"):
        typed(DemonstrationsRecord, {**card, "path": "a", "content_hash": "0" * 63}, "x", RunError)


@pytest.mark.parametrize("counts", [{"k": 5}, {"k": 10**30}, {"k": None}, {}, {"n": 10**30, "k": 1}, {"n": -1, "k": 0}])
def test_a_rate_counts_at_most_all(counts):
    typed(EstimateRecord, {**ESTIMATE, "kind": "rate", "k": 4}, "x", RunError)
    with pytest.raises(RunError, match="x is damaged"):
        typed(EstimateRecord, {**ESTIMATE, "kind": "rate", **counts}, "x", RunError)
