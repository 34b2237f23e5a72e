"""What ``simplatform inspect`` tells of demonstrations."""

from __future__ import annotations

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from simplatform.cli.app import build
from simplatform.demonstrations import Demonstrations
from simplatform.demonstrations.formats import save_demonstrations
from simplatform.envs.recorded.inspecting import inspect_demonstrations
from simplatform.errors import DataError
from tests.envs.recorded.cases import reach


@pytest.fixture
def path(tmp_path):
    data = reach()
    for episode in data:
        episode.actions[:, 3] = 0.7
    data[2].observations["point_cloud"][4, 7] = np.nan
    about = {"fps": 30, "robot": "so101"}
    return str(save_demonstrations(Demonstrations(list(data), about), tmp_path / "own.lerobot"))


def test_rate_ranges_constants_and_doubts_are_told(path):
    found = inspect_demonstrations(path)
    assert found.values == {"episodes": 6, "frames": 72, "fps": 30}
    said = " ".join(found.said)
    assert "robot so101" in said
    assert "6 episodes, 72 frames (12 to 12 each)" in said
    assert "not finite and dropped; first in episode 2, frame 4" in said
    rows = {row[0]: dict(zip(found.columns, row, strict=True)) for row in found.rows}
    assert set(rows) == {"agent_pos", "point_cloud", "action"}
    assert (rows["action"]["constant"], rows["point_cloud"]["unit, a guess"]) == ("3", "m")
    low = reach().stacked("agent_pos").min(0)
    assert rows["agent_pos"]["from"] == " ".join(f"{float(value):.3g}" for value in low)


def test_the_command_tells_it_for_each_task_that_the_file_fits(path, tmp_path):
    shown = CliRunner().invoke(build(["inspect"]), ["inspect", path])
    assert "for the task replay" in shown.output
    assert "agent_pos" in shown.output
    told = json.loads(CliRunner().invoke(build(["inspect"]), ["inspect", path, "--json"]).stdout)
    (replay,) = [one for one in told["tasks"] if one["task"] == "replay"]
    assert (replay["fps"], replay["table"][0]["seen as"]) == (30, "agent_pos")


def test_a_cloud_in_millimetres_is_guessed_as_such_and_nothing_is_no_recording(tmp_path):
    data = reach()
    for episode in data:
        episode.observations["point_cloud"][:] *= 1000
    found = inspect_demonstrations(str(save_demonstrations(data, tmp_path / "mm.lerobot")))
    assert next(row for row in found.rows if row[0] == "point_cloud")[-1] == "mm"
    with pytest.raises(DataError):
        inspect_demonstrations(str(tmp_path / "nothing"))
