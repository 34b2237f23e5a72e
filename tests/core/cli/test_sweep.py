"""``simplatform sweep``: every combination once, a dry run lists, a failed run is told and ends with 1."""

from __future__ import annotations

import json

import pytest

FILE = """
plugins = ["toy"]
tasks = ["toy/point"]
seeds = [0, 1]
[settings]
"train.steps" = 2
"task.demonstrations" = 2
"task.validation" = 0
"task.episodes" = 2
"task.opponents" = false
[grid]
fail = ["", "act"]
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "s.toml").write_text(FILE)
    return tmp_path / "s.toml"


def test_a_dry_run_lists_every_combination_once(program, file, tmp_path):
    code, out, _ = program("sweep", file, "--dry-run", "--output", tmp_path / "runs")
    assert code == 0
    runs = json.loads(out)["runs"]
    assert len({json.dumps(run, sort_keys=True) for run in runs}) == len(runs) == 4
    assert not (tmp_path / "runs").exists()


def test_a_dry_run_refuses_what_the_sweep_refuses(program, file, tmp_path):
    file.write_text(FILE.replace('"train.steps" = 2', '"train.stepz" = 2').replace('fail = ["", "act"]', 'fail = [""]'))
    code, out, err = program("sweep", file, "--dry-run", "--output", tmp_path / "runs")
    assert code != 0
    assert out == ""
    assert "2 of 2 runs would be refused" in err
    assert err.count("train.stepz") >= 2
    assert not (tmp_path / "runs").exists()


def test_failed_runs_are_told_beside_those_that_are_done(program, file, tmp_path):
    code, out, _ = program("sweep", file, "--output", tmp_path / "runs", "--device", "cpu", "--json")
    assert code == 1
    rows = json.loads(out)["runs"]
    errors = [row["error"] for row in rows]
    assert sum(bool(error) for error in errors) == 2
    assert all("told to fail" in error for error in errors if error)
