"""Data is told of by the tasks that read it."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.errors import DataError
from simplatform.pipeline.inspecting import inspected


def test_a_series_is_told_of_by_its_task_alone(tmp_path):
    np.savez(tmp_path / "s.npz", x=np.sin(np.arange(600) / 10)[:, None], t=np.arange(600) / 10)
    found = inspected(str(tmp_path / "s.npz"))
    assert list(found) == ["series"]
    assert found["series"].as_json()["shape"] == [600, 1]


def test_what_is_for_no_task_is_refused_by_each(tmp_path):
    (tmp_path / "notes.txt").write_text("no data")
    with pytest.raises(DataError, match="is for no task") as refusal:
        inspected(str(tmp_path / "notes.txt"))
    assert all(task in str(refusal.value) for task in ("replay: ", "series: ", "trajectories: "))
