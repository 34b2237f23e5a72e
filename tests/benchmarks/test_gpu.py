"""The GPU script runs from end to end on the pretend device, and every part writes its own file."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "gpu" / "run.py"


def rehearse(folder, *parts):
    command = [sys.executable, str(SCRIPT), "--device", "pretend", "--output", str(folder), "--parts", *parts]
    done = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert (folder / "ended.txt").read_text() == "".join(f"{part}: done\n" for part in parts)
    for part in parts:
        table = json.loads((folder / f"{part}.json").read_text())
        assert table["rehearsal"]
        assert table["rows"]
        assert not [row for row in table["rows"] if "failed" in row]
    return {part: json.loads((folder / f"{part}.json").read_text())["rows"] for part in parts}


def test_the_quick_parts_are_rehearsed(tmp_path):
    rows = rehearse(tmp_path, "card", "latency", "integrators", "fields", "meshes", "waits", "order")
    assert {row["what"] for row in rows["fields"]} >= {"field-unet", "fno", "solver"}
    assert not any(row["waits"] for row in rows["waits"])
    assert {row["plain_because"][:4] for row in rows["latency"] if row["graph"]} == {"MP1 ", "Flow", "DP3 "}


@pytest.mark.slow
def test_the_other_parts_are_rehearsed(tmp_path):
    rehearse(tmp_path, "correctness", "training", "throughput", "codes")


def test_a_part_that_outlasts_its_time_is_cut_and_the_others_go_on(tmp_path):
    command = [sys.executable, str(SCRIPT), "--device", "pretend", "--output", str(tmp_path), "--seconds", "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0
    assert {line.partition(": ")[2] for line in (tmp_path / "ended.txt").read_text().splitlines()} == {"no time left"}
