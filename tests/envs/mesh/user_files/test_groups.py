"""Groups of a file: materials, named boundaries, embedded points."""

from __future__ import annotations

import meshio
import numpy as np
import pytest

from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.user_files.constraints import constraints
from simplatform.envs.mesh.user_files.groups import groups_of
from simplatform.envs.mesh.user_files.mesh_file import MeshFile
from tests.envs.mesh.user_files.user_files_cases import FORMS

FIXED, SLIDING, INTERIOR = 2, 1, 0


def saved(path, **more):
    mesh = generators.square(5)
    meshio.Mesh(np.c_[mesh.points, np.zeros(len(mesh.points))], [("triangle", mesh.cells)], **more).write(path)
    return MeshFile.read(path)


@pytest.mark.parametrize("form", FORMS)
def test_physical_groups_are_materials_and_names(two, form):
    found = groups_of(MeshFile.read(two / f"two_{form}.msh"))
    assert set(np.unique(found.labels)) == {0, 1}
    assert {"steel", "rubber", "inlet", "outlet", "interface"} <= set(found.names)
    assert len(found.facets) == 3 * (len(found.names["interface"]) - 1)


def test_whole_numbers_of_cells_are_materials_unless_they_number_the_cells(tmp_path):
    cells = len(generators.square(5).cells)
    halves, names = np.arange(cells) // (cells // 2), np.arange(cells)
    found = groups_of(saved(tmp_path / "halves.vtu", cell_data={"subdomain": [halves]}))
    assert len(np.unique(found.labels)) == 2
    found = groups_of(saved(tmp_path / "names.vtu", cell_data={"cell": [names]}))
    assert len(np.unique(found.labels)) == 1


def test_an_embedded_point_stays(tmp_path):
    mesh = generators.square(5)
    inside = int(np.flatnonzero(~mesh.boundary)[0])
    points = np.c_[mesh.points, np.zeros(len(mesh.points))]
    meshio.Mesh(points, [("vertex", np.array([[inside]])), ("triangle", mesh.cells)]).write(tmp_path / "point.vtu")
    file = MeshFile.read(tmp_path / "point.vtu")
    flags, _ = constraints(file.mesh, groups_of(file))
    assert flags[inside] == FIXED
    assert (flags == INTERIOR).sum() == (~mesh.boundary).sum() - 1


def test_the_edge_of_a_box_slides_along_itself_and_its_corners_stay(tmp_path):
    mesh = generators.cube(3)
    meshio.Mesh(mesh.points, [("tetra", mesh.cells)]).write(tmp_path / "box.vtu")
    file = MeshFile.read(tmp_path / "box.vtu")
    flags, directions = constraints(file.mesh, groups_of(file))
    faces = ((file.mesh.points == 0) | (file.mesh.points == 1)).sum(1)
    np.testing.assert_array_equal(flags[faces == 3], FIXED)
    np.testing.assert_array_equal(flags[faces == 0], INTERIOR)
    assert (flags[(faces == 1) | (faces == 2)] == SLIDING).all()
    free = (np.abs(directions).sum(2) > 0).sum(1)
    np.testing.assert_array_equal(free[faces == 2], 1)
    np.testing.assert_array_equal(free[faces == 1], 2)
