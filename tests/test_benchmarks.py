"""Committed results have one form, and every script of ``benchmarks`` writes it with one function."""

from __future__ import annotations

import ast
import json
from pathlib import Path

import pytest

from simplatform.experiments.record import Record, counts_of, interval_of, read_result, seeds_of

ROOT = Path(__file__).parents[1]
RESULTS = sorted(path for path in (ROOT / "benchmarks").rglob("*.json") if path.name != "record.schema.json")
SCRIPTS = sorted((ROOT / "benchmarks").rglob("*.py"))


@pytest.mark.parametrize("path", RESULTS, ids=lambda path: str(path.relative_to(ROOT / "benchmarks")))
def test_a_result_has_its_record(path):
    result = read_result(path)
    record = result.pop("record")
    assert result
    assert (record["seeds"] or []) == seeds_of(result)
    assert (record["n"] or {}) == counts_of(result)
    assert record["interval"] == interval_of(result)
    assert all(reason for reason in record["missing"].values())


def test_the_schema_is_that_of_the_record():
    assert json.loads((ROOT / "benchmarks" / "record.schema.json").read_text()) == Record.model_json_schema()


def test_no_script_writes_a_result_by_hand():
    """Written beside the script, a JSON goes through ``write_result``; files of a child process may be plain."""
    found = {}
    for path in SCRIPTS:
        calls = [node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call)]
        named = [ast.unparse(call) for call in calls if ast.unparse(call.func).endswith(("write_text", "write_json"))]
        found[path.name] = [text for text in named if "json" in text and "metrics" not in text]
    # What the fuzzer reads, what stands beside weights, cells that a series goes on from.
    allowed = {"training.py": 1, "readers.py": 2, "dcdm.py": 2, "methods.py": 1}
    assert {name: len(texts) for name, texts in found.items() if len(texts) > allowed.get(name, 0)} == {}
