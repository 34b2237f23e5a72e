"""``simplatform compare``: rows for runs, a paired test against the first, one object as JSON."""

from __future__ import annotations

import json

import pytest

import simplatform as sp

SETTINGS = {"train.steps": 2, "task.demonstrations": 2, "task.validation": 0, "task.episodes": 3,
            "task.opponents": False}  # fmt: skip


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("runs")
    return [sp.run("toy", settings=SETTINGS, seed=seed, output=folder, device="cpu").path for seed in (0, 1)]


def test_two_runs_are_two_rows(program, runs):
    code, out, err = program("compare", *runs, "--json")
    assert code == 0, err
    found = json.loads(out)
    assert found["schema_version"] == 1
    assert len(found["runs"]) == 2
    assert {row["task"] for row in found["runs"]} == {"toy/point"}


def test_the_task_is_a_column_only_where_there_are_several(program, runs):
    code, out, _ = program("compare", *runs)
    assert code == 0
    assert "toy/point" not in out
    assert "success" in out
