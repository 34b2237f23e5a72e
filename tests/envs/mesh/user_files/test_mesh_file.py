"""Meshes move in their own plane; a curved surface is refused."""

from __future__ import annotations

import meshio
import numpy as np
import pytest

from simplatform.envs.mesh.moving import move_files
from simplatform.errors import DataError


def test_a_mesh_in_another_plane_moves_in_it(two, tmp_path):
    move_files(two / "plane.vtu", two / "plane.vtu", plugin="spring", output=tmp_path / "o.vtu")
    before, after = meshio.read(two / "plane.vtu").points, meshio.read(tmp_path / "o.vtu").points
    np.testing.assert_array_equal(before[:, 1], after[:, 1])
    assert np.abs(after - before).max() > 0.01


def test_a_tilted_plane_moves_within_itself_and_a_curved_surface_is_refused(two, tmp_path):
    data = meshio.read(two / "plane.vtu")
    turn, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    data.points = data.points @ turn + 2.0
    data.write(tmp_path / "tilted.vtu")
    move_files(tmp_path / "tilted.vtu", tmp_path / "tilted.vtu", plugin="spring", output=tmp_path / "o.vtu")
    after = meshio.read(tmp_path / "o.vtu").points
    normal = np.linalg.svd(data.points - data.points.mean(0))[2][2]
    assert np.abs((after - data.points) @ normal).max() < 1e-12
    data.points = data.points + 0.05 * np.sin(9 * data.points[:, :1]) * normal
    data.write(tmp_path / "curved.vtu")
    with pytest.raises(DataError, match="curved surface"):
        move_files(tmp_path / "curved.vtu", tmp_path / "curved.vtu", output=tmp_path / "o2.vtu")
