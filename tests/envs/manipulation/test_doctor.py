"""Health checks of manipulation: versions as installed, a real frame, and the command that mends what is missing."""

from __future__ import annotations

import sys
from importlib.metadata import version

from simplatform.envs.manipulation import doctor
from simplatform.envs.manipulation.vision.gl import FIX


def test_versions_are_those_that_are_installed():
    check = doctor.mujoco()
    assert check.ok
    assert check.found == f"mujoco {version('mujoco')}, metaworld {version('metaworld')}"


def test_one_cloud_is_really_cast():
    check = doctor.ray_casting()
    assert check.ok
    points, _, rest = check.found.partition(" points by ray casting, ")
    assert int(points) > 0
    assert float(rest.split()[0]) > 0


def test_gl_is_optional_and_its_fix_is_named_where_there_is_none(monkeypatch):
    import simplatform.envs.manipulation.vision.gl as gl

    monkeypatch.setattr(gl, "working_backends", list)
    none = doctor.gl()
    assert none.ok
    assert none.fix == FIX
    monkeypatch.setattr(gl, "working_backends", lambda: ["egl", "osmesa"])
    assert (doctor.gl().found, doctor.gl().fix) == ("egl, osmesa", "")


def test_a_missing_open3d_is_named_with_its_fix(monkeypatch):
    monkeypatch.setitem(sys.modules, "open3d", None)
    check = doctor.open3d()
    assert not check.ok
    assert "install" in check.fix
