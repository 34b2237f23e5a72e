"""The page "Your own robot" does what it says, from a written recording to a controller, at small size."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import simplatform as sp
from simplatform.cli.app import build
from tests.envs.recorded.cases import dp3, reach

PAGE = (Path(__file__).parents[2] / "docs" / "howto" / "robots.md").read_text(encoding="utf8")
SMALL = ["points=16", "policy.widths=[8]", "train.steps=3", "train.batch=8", "task.opponents=false"]


class Robot:
    def __init__(self):
        self.commands, self.seen = [], reach()[0].observations

    def joints(self):
        return self.seen["agent_pos"][len(self.commands) % 12]

    def points(self):
        return self.seen["point_cloud"][len(self.commands) % 12]

    def command(self, action):
        self.commands.append(action)


def test_the_page_from_recordings_to_a_controller(tmp_path, capsys):
    pytest.importorskip("zarr", reason="pip install 'simplatform[pointcloud]'")
    dp3(tmp_path / "demonstrations.zarr", reach())
    shown = CliRunner().invoke(build(["inspect"]), re.search(r"simplatform (inspect \S+)", PAGE)[1].split())
    assert "agent_pos" in shown.output
    (wanted,) = re.findall(r"simplatform (run --plugin mp1 --task replay --set env\.path=demonstrations\.zarr)\n", PAGE)
    more = [word for setting in SMALL for word in ("--set", setting)]
    done = CliRunner().invoke(build(["run"]), [*wanted.split(), *more, "--workers", "1", "--device", "cpu"])
    assert done.exit_code == 0, done.output
    (run,) = (tmp_path / "runs").iterdir()
    code = re.search(r"```python\n(.*?)```", PAGE, re.S)[1]
    code = re.sub(r'deploy\(".*?", rate=10\)', f'deploy("{run}", rate=200, deadline=30)', code).replace("=600", "=8")
    robot = Robot()
    exec(compile(code, "robots.md", "exec"), {"robot": robot, "camera": robot})  # the page's own code
    assert len(robot.commands) == 8
    assert np.isfinite(robot.commands).all()
    assert "'steps': 8" in capsys.readouterr().out
    assert sp.load(run).signature.facts.keys == {}
