"""Groups hold, slide or are free."""

from __future__ import annotations

import meshio
import numpy as np
import pytest

from simplatform.envs.mesh.moving import Reading, move_files
from simplatform.errors import UsageError
from tests.envs.mesh.user_files.user_files_cases import group


def test_groups_can_be_held_and_freed_by_name(two, tmp_path):
    source = two / "two_2.2_text.msh"
    before = meshio.read(source)
    inside = group(before, "interface")
    moved = {}
    for name, told in (("slide", None), ("hold", Reading(hold=("interface",))), ("free", Reading(free=("interface",)))):
        move_files(source, two / "monitor.vtu", plugin="spring", output=tmp_path / f"{name}.msh", reading=told)
        moved[name] = meshio.read(tmp_path / f"{name}.msh").points[inside] - before.points[inside]
    assert np.abs(moved["slide"][:, 0]).max() < 1e-12 < np.abs(moved["slide"][:, 1]).max()
    assert np.abs(moved["hold"]).max() == 0
    assert np.abs(moved["free"][:, 0]).max() > 1e-4
    with pytest.raises(UsageError, match="interface"):
        move_files(source, two / "monitor.vtu", output=tmp_path / "o.msh", reading=Reading(hold=("interfaces",)))
