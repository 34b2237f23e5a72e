"""The GPU script runs from end to end on the pretend device, and every part writes its own file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu" / "run.py"


def checked(folder, parts):
    rows = {}
    for part in parts:
        table = json.loads((folder / f"{part}.json").read_text())
        assert table["rehearsal"]
        assert table["rows"]
        assert not [row for row in table["rows"] if "failed" in row]
        rows[part] = table["rows"]
    return rows


def test_all_parts_but_one_are_rehearsed(tmp_path):
    """In one process, which imports once; ``correctness`` is what the pretend device's tests do for every policy."""
    sys.path.insert(0, str(SCRIPT.parent))
    from part import HOMES

    parts = sorted(set(HOMES) - {"correctness"})
    command = [sys.executable, str(SCRIPT.parent / "part.py"), *parts, "--device", "pretend", "--output", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = checked(tmp_path, parts)
    assert {row["what"] for row in rows["fields"]} >= {"field-unet", "fno", "solver"}
    assert not any(row["waits"] for row in rows["waits"])
    assert {row["plain_because"][:4] for row in rows["latency"] if row["graph"]} == {"MP1 ", "Flow", "DP3 "}
    assert all("CUDA graphs need a CUDA device" in row["plain_because"] for row in rows["training"] if row["graph"])


def test_parts_run_in_processes_of_their_own(tmp_path):
    command = [sys.executable, str(SCRIPT), "--device", "pretend", "--output", str(tmp_path), "--parts", "card"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "ended.txt").read_text() == "card: done\n"
    checked(tmp_path, ["card"])


@pytest.mark.slow
def test_the_whole_script_is_rehearsed(tmp_path):
    command = [sys.executable, str(SCRIPT), "--device", "pretend", "--output", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=3000, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {line.partition(": ")[2] for line in (tmp_path / "ended.txt").read_text().splitlines()} == {"done"}


def test_a_part_that_outlasts_its_time_is_cut_and_the_others_go_on(tmp_path):
    command = [sys.executable, str(SCRIPT), "--device", "pretend", "--output", str(tmp_path), "--seconds", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert {line.partition(": ")[2] for line in (tmp_path / "ended.txt").read_text().splitlines()} == {"no time left"}
