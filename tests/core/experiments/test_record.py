"""Results and their records: nothing is missing without a reason, and nothing is made up."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simplatform.errors import DataError
from simplatform.experiments.record import (
    TIMINGS,
    Record,
    as_before,
    counts_of,
    interval_of,
    read_result,
    seeds_of,
    write_result,
)
from simplatform.report.statistics import bootstrap, wilson

RESULT = {"rows": [{"seed": 0, "success": wilson(3, 20).to_json()}, {"seed": 2, "success": wilson(4, 30).to_json()}]}


def test_a_result_tells_its_seeds_counts_and_intervals(tmp_path):
    write_result(tmp_path / "r.json", RESULT)
    found = read_result(tmp_path / "r.json")
    record = found.pop("record")
    assert found == RESULT
    assert (record["seeds"], record["n"]) == ([0, 2], {"n": [20, 30]})
    assert record["interval"] == "95 %: Wilson's for rates"
    assert record["versions"]["torch"]
    assert record["machine"]["cores"] >= 1


def test_what_is_missing_needs_a_reason(tmp_path):
    with pytest.raises(DataError, match=r"null without a reason in `missing`: \['interval', 'n', 'seeds'\]"):
        write_result(tmp_path / "r.json", {"value": 1.0})
    assert not list(tmp_path.iterdir())
    write_result(tmp_path / "r.json", {"seed": 0, "repeats": {"small": 5, "large": 2}}, missing=TIMINGS)
    record = read_result(tmp_path / "r.json")["record"]
    assert (record["n"], record["interval"]) == ({"repeats": [2, 5]}, None)
    assert record["missing"]["interval"] == TIMINGS["interval"]


def test_a_record_names_idle_reasons_and_unknown_keys():
    texts = dict.fromkeys(("platform", "processor", "device", "gpu"), "")
    record = {
        "command": None, "machine": {**texts, "cores": 1, "threads": 1, "load": 0.0}, "versions": {}, "git": "",
        "seeds": [], "n": {}, "interval": "", "missing": {},
    }  # fmt: skip
    with pytest.raises(ValueError, match=r"without a reason in `missing`: \['command'\]"):
        Record.model_validate(record)
    with pytest.raises(ValueError, match=r"a reason for what is known: \['git'\]"):
        Record.model_validate({**record, "command": "python x", "missing": {"git": "lost"}})
    with pytest.raises(ValueError, match="Extra inputs"):
        Record.model_validate({**record, "missing": {"command": "lost"}, "cpu": "fast"})


def test_a_file_without_a_record_is_refused_by_name(tmp_path):
    (tmp_path / "old.json").write_text(json.dumps(RESULT))
    with pytest.raises(DataError, match=r"old\.json: expected a result with a `record`"):
        read_result(tmp_path / "old.json")


def test_rows_of_another_run_leave_the_record_as_it_was(tmp_path):
    path = tmp_path / "r.json"
    measured = {"command": "python first.py", "python": "3.11.0", "versions": {"torch": "2.6"}, "cores": 64}
    reasons = {f"machine.{key}": "lost" for key in ("platform", "processor", "threads", "device", "gpu")}
    write_result(path, RESULT, measured=measured, missing=reasons)
    before = read_result(path)
    write_result(
        path, {**before, "more": [{"seed": 9, "mean": bootstrap([1.0, 2.0, 4.0]).to_json()}]}, **as_before(before)
    )
    after = read_result(path)["record"]
    same = ("command", "machine", "versions", "git")
    assert {key: after[key] for key in same} == {key: before["record"][key] for key in same}
    assert (after["seeds"], after["n"]) == ([0, 2, 9], {"n": [3, 20, 30]})
    assert after["interval"] == "95 %: bootstrap for means, Wilson's for rates"


KEYS = st.sampled_from(["a", "seed", "seeds", "n", "low", "episodes"])
LEAVES = st.none() | st.integers(0, 9) | st.text(max_size=3)
TREES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4), max_leaves=20
)


@given(TREES)
def test_facts_do_not_depend_on_where_they_stand(tree):
    wrapped = {"rows": [{"x": tree}, tree]}
    assert seeds_of(wrapped) == seeds_of({"y": tree})
    assert counts_of(wrapped) == counts_of({"y": tree})
    assert interval_of(wrapped) == interval_of({"y": tree})
