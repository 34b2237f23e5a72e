"""A move makes nothing worse."""

from __future__ import annotations

import meshio
import numpy as np

from simplatform.envs.mesh.moving import move_files


def test_a_move_that_makes_nothing_better_is_not_made_unless_forced(two, tmp_path):
    source = two / "two_2.2_text.msh"
    flat = tmp_path / "flat.npy"
    np.save(flat, np.ones(len(meshio.read(source).points)))
    result = move_files(source, flat, plugin="laplacian", output=tmp_path / "o.msh")
    if not result["share"]:
        np.testing.assert_array_equal(meshio.read(tmp_path / "o.msh").points, meshio.read(source).points)
    assert result["unevenness_after"] <= result["unevenness_before"]
    assert result["quality_after"] >= 0.5 * result["quality_before"]
    assert move_files(source, flat, plugin="laplacian", output=tmp_path / "f.msh", force=True)["share"] == 1
