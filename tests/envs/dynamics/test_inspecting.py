"""``simplatform inspect``: what is understood of a file, for people and for programs."""

from __future__ import annotations

import json

import numpy as np
import pytest

from simplatform.cli.inspect import command
from simplatform.envs.dynamics.inspecting import inspect_series, inspect_trajectories
from simplatform.errors import DataError
from tests.envs.dynamics.recorded_cases import waves


@pytest.fixture
def series(tmp_path):
    rows = "".join(f"{0.1 * n:.1f},{np.sin(n)},{np.cos(n)}\n" for n in range(60))
    (tmp_path / "s.csv").write_text("t,x,y\n" + rows)
    return tmp_path / "s.csv"


@pytest.fixture
def trajectories(tmp_path):
    states, times = waves()
    np.savez(tmp_path / "w.npz", X=states, t=times)
    return tmp_path / "w.npz"


def test_a_series_has_a_step_and_trajectories_have_four_axes(series, trajectories):
    found = inspect_series(str(series)).values
    assert found["step"] == pytest.approx(0.1)
    assert found["shape"][-1] == 2
    assert inspect_trajectories(str(trajectories)).values["shape"] == [4, 5, 12, 2]
    with pytest.raises(DataError, match="no series"):
        inspect_series(str(trajectories))
    with pytest.raises(DataError, match="one series"):
        inspect_trajectories(str(series))


def test_json_is_one_object_and_text_says_the_same(series, capsys):
    command(str(series), json=True)
    whole = json.loads(capsys.readouterr().out)
    assert whole["schema_version"] == 1
    (found,) = whole["tasks"]
    command(str(series))
    shown = capsys.readouterr().out
    assert shown.splitlines()[0] == f"{series}: for the task series"
    assert [line.strip() for line in shown.splitlines()[1:]] == found["said"]
    assert found["said"]


def test_other_files_are_refused(tmp_path):
    (tmp_path / "x.csv").write_text("nothing")
    for inspect in (inspect_series, inspect_trajectories):
        with pytest.raises(DataError):
            inspect(str(tmp_path / "x.csv"))
