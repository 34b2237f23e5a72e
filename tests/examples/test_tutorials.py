"""The tutorials "My recordings" and "My .msh with two materials" do what they say: their own code and commands."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import numpy as np
import pytest

import simplatform as sp
from simplatform.errors import FrameError

PAGES = Path(__file__).parents[2] / "docs" / "tutorials"
QUICK = ["--set", "train.steps=20", "--set", "policy.widths=[16,32]", "--set", "policy.points=32", "--workers", "1",
         "--set", "task.record=0"]  # fmt: skip


def blocks(page):
    """Return the page's blocks of Python, and its commands, in their order."""
    text = (PAGES / page).read_text(encoding="utf8")
    return re.findall(r"```python\n(.*?)```", text, re.S), re.findall(r"^    \$ simplatform (.*)$", text, re.M)


def test_recordings_become_a_policy_that_answers(cli, tmp_path):
    pytest.importorskip("zarr", reason="pip install 'simplatform[pointcloud]'")
    (make, use), (inspect, train) = blocks("my-recordings.md")
    exec(compile(make, "my-recordings.md", "exec"), {})  # the page's own code
    assert "agent_pos" in cli(*shlex.split(inspect), check=0).stdout
    said = cli(*shlex.split(train), *QUICK, check=0).stdout
    assert "mp1" in said.splitlines()[0]
    names: dict[str, object] = {}
    exec(compile(use, "my-recordings.md", "exec"), names)
    run = tmp_path / re.findall(r"report: (.*)/report.html", said)[-1]
    answer = names["answer"](run)
    assert np.shape(answer) == (3,)
    assert np.isfinite(answer).all()
    with pytest.raises(FrameError, match="training range"):
        sp.load(run)({"agent_pos": np.zeros(3, np.float32), "point_cloud": np.full((64, 3), 50, np.float32)})


def test_a_mesh_of_two_materials_comes_back_better(cli, tmp_path):
    for name in ("gmsh", "meshio", "mmgpy"):
        pytest.importorskip(name, reason="pip install 'simplatform[mesh]'")
    import meshio

    (make,), commands = blocks("my-mesh.md")
    exec(compile(make, "my-mesh.md", "exec"), {})
    before = meshio.read("part.msh")
    for command in commands:
        cli(*shlex.split(command), check=0)
    moved, remade = meshio.read("moved.msh"), meshio.read("remade.msh")
    assert set(before.field_data) == set(moved.field_data) == set(remade.field_data) == {"steel", "copper"}
    assert not np.allclose(moved.points, before.points)
    near = [np.sum(np.abs(mesh.points[:, 1] - 0.5 - 0.2 * np.sin(np.pi * mesh.points[:, 0])) < 0.1)
            for mesh in (before, moved)]  # fmt: skip
    assert near[1] > 1.3 * near[0]
    assert len(remade.points) <= len(before.points)
    for mesh in (moved, remade):  # the interface is where it was
        owner = {name: set() for name in mesh.field_data}
        for block, tags in zip(mesh.cells, mesh.cell_data["gmsh:physical"], strict=True):
            for name, (tag, dim) in mesh.field_data.items():
                if block.type == "triangle" and dim == 2:
                    owner[name] |= set(block.data[tags == tag].ravel())
        shared = mesh.points[list(owner["steel"] & owner["copper"])]
        np.testing.assert_allclose(shared[:, 0], 1.0, atol=1e-9)
    assert (tmp_path / "moved.png").stat().st_size > 5000
