"""The commands behind the tables of faults and of scaling: each writes its file alone, and its trials pass."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def table(command, path):
    """Run a command of the benchmarks with the test suite's toys at hand; return what it wrote."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "tests" / "site"), "OMP_NUM_THREADS": "1"}
    whole = [sys.executable, str(ROOT / "benchmarks" / command[0]), *command[1:], "--json", str(path)]
    done = subprocess.run(whole, capture_output=True, text=True, env=environment, cwd=path.parent)
    assert done.returncode == 0, done.stderr
    return json.loads(path.read_text())


@pytest.mark.slow
def test_a_run_killed_in_each_stage_ends_in_the_same_bits(tmp_path):
    row = table(["faults/kill.py", "--kills", "3", "--subjects", "toy"], tmp_path / "kill.json")["subjects"]["toy"]
    assert row["places"] == {"collect": 1, "evaluate": 1, "fit": 1}
    assert row["failures"] == []


@pytest.mark.slow
def test_the_scaling_table_has_a_row_for_each_number_of_workers(tmp_path):
    shape = ["--task", "toy/point", "--episodes", "3", "--repeats", "2", "--executors", "process"]
    found = table(["scaling/executors.py", *shape], tmp_path / "executors.json")
    assert [(row["executor"], row["workers"]) for row in found["rows"]] == [("local", 1), ("process", 2)]
    assert all(len(row["seconds"]) == 2 for row in found["rows"])
    assert found["rows"][0]["efficiency"] == 1
    assert found["record"]["command"].startswith("python benchmarks/scaling/executors.py")


def test_every_line_of_the_ledger_ends_as_fixed_with_its_test_or_kept_with_the_reason():
    ledger = json.loads((ROOT / "benchmarks" / "faults" / "ledger.json").read_text())
    for line in ledger["lines"]:
        assert line["end"] in ("fixed", "kept")
        if line["end"] == "kept":
            assert line["why"]
            continue
        file, _, name = line["test"].partition("::")
        assert f"def {name}(" in (ROOT / file).read_text(), line["test"]
    assert sum(ledger["ends"].values()) == len(ledger["lines"])
