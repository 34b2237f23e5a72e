"""Files of many formats are given back as they were, but for the coordinates of what moved."""

from __future__ import annotations

import meshio
import numpy as np
import pytest

from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.user_files.mesh_file import MeshFile

SUFFIXES = (
    ".vtu", ".vtk", ".msh", ".xdmf", ".mesh", ".inp", ".off", ".obj", ".ply", ".med", ".avs", ".h5m", ".bdf",
)  # fmt: skip
"""Formats that meshio writes, each with what it can hold."""
MESHES = {
    "square": generators.square(5),
    "quads": generators.quads(4),
    "cube": generators.cube(2),
    "interval": generators.interval(6),
    "l-shape": generators.generate("l-shape", 6, 0, "delaunay"),
    "hole": generators.generate("hole", 6, 0, "delaunay"),
}
CANNOT = {
    (".off", "quads"), (".off", "cube"), (".off", "interval"), (".obj", "cube"), (".obj", "interval"),
    (".ply", "interval"), (".ply", "cube"), (".h5m", "quads"), (".h5m", "interval"),
    (".h5m", "cube"),
}  # fmt: skip
"""What these formats have no cells for."""


def written(path, mesh):
    """Write a mesh with an extra point that no cell uses, fields where the format has them; or skip what it lacks."""
    points = np.zeros((len(mesh.points) + 1, 3))
    points[:-1, : mesh.dim] = mesh.points
    points[-1] = 7.0
    fields = path.suffix in (".vtu", ".vtk", ".xdmf")
    data = meshio.Mesh(
        points, [(mesh.kind, mesh.cells)],
        point_data={"u": np.arange(len(points), dtype=float)} if fields else {},
        cell_data={"material": [np.arange(len(mesh.cells)) // 4]} if fields else {},
    )  # fmt: skip
    data.write(path, {".msh": "gmsh"}.get(path.suffix))


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("name", MESHES)
def test_a_file_comes_back_as_it_was_but_for_what_moved(tmp_path, suffix, name):
    if (suffix, name) in CANNOT:
        pytest.skip(f"{suffix} has no cells of this kind")
    source, target = tmp_path / f"in{suffix}", tmp_path / f"out{suffix}"
    written(source, MESHES[name])
    file = MeshFile.read(source)
    shift = np.zeros_like(file.mesh.points)
    inside = np.flatnonzero(~file.mesh.boundary)[:3]
    shift[inside] = 1e-3
    file.write(target, shift)
    before, after = meshio.read(source), meshio.read(target)
    expected = np.array(before.points)
    expected[file.used[inside], : file.mesh.dim] += 1e-3
    np.testing.assert_allclose(after.points, expected, atol=1e-6 if suffix in (".bdf", ".inp") else 1e-12)
    for ours, theirs in zip(after.cells, before.cells, strict=True):
        assert ours.type == theirs.type
        np.testing.assert_array_equal(ours.data, theirs.data)
    for name_, values in before.point_data.items():
        np.testing.assert_array_equal(after.point_data[name_], values)
    for name_, blocks in before.cell_data.items():
        for ours, theirs in zip(after.cell_data[name_], blocks, strict=True):
            np.testing.assert_array_equal(ours, theirs)
