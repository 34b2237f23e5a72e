"""The mesh: points and cells of one kind, and what follows from them."""

import meshio
import numpy as np
import pytest

from simplatform.envs.mesh import moving
from simplatform.envs.mesh.environment import MeshMovement
from simplatform.envs.mesh.geometry.mesh import Mesh
from simplatform.errors import DataError
from tests.envs.mesh.geometry.mesh_bad_input_cases import (
    MESHES,
    plain,
)


@pytest.mark.parametrize("fault", MESHES, ids=lambda fault: fault.__name__)
def test_environments_refuse_the_same_meshes(fault):
    with pytest.raises(DataError, match=MESHES[fault]):
        MeshMovement(mesh=Mesh(*fault(*plain())))


def test_without_boundary_tags_the_boundary_is_found_from_the_cells(tmp_path):
    points, cells = plain()
    rim = np.flatnonzero(Mesh(points, cells).boundary)
    lines = np.stack([rim[:-1], rim[1:]], axis=1)
    blocks = {"bare": [("triangle", cells)], "tagged": [("line", lines), ("triangle", cells)]}
    monitor = 1 + 5 * np.exp(-20 * ((points - 0.3) ** 2).sum(axis=1))
    moved = {}
    for name, block in blocks.items():
        meshio.Mesh(points, block).write(tmp_path / f"{name}.vtu")
        np.save(tmp_path / "m.npy", monitor)
        moving.move_files(tmp_path / f"{name}.vtu", tmp_path / "m.npy", output=tmp_path / f"{name}-out.vtu")
        moved[name] = meshio.read(tmp_path / f"{name}-out.vtu").points
    assert np.array_equal(moved["bare"], moved["tagged"])
    assert np.isin(moved["bare"][rim, :2], (0.0, 1.0)).any(axis=1).all()
