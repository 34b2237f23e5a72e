"""Files as people bring them: two materials with named groups by Gmsh, monitors in many dresses."""

from __future__ import annotations

import gmsh
import meshio
import numpy as np
import pytest


def ring(points):
    return 1 + 10 * np.exp(-(((np.hypot(points[:, 0] - 0.5, points[:, 1] - 0.5) - 0.25) / 0.06) ** 2))


@pytest.fixture(scope="session")
def two(tmp_path_factory):
    """Return a folder with ``two_VERSION_FORM.msh``: the unit square split at x = 0.5, with named groups."""
    folder = tmp_path_factory.mktemp("two")
    gmsh.initialize(interruptible=False)
    gmsh.option.setNumber("General.Terminal", 0)
    gmsh.model.add("two")
    left, right = gmsh.model.occ.addRectangle(0, 0, 0, 0.5, 1), gmsh.model.occ.addRectangle(0.5, 0, 0, 0.5, 1)
    gmsh.model.occ.fragment([(2, left)], [(2, right)])
    gmsh.model.occ.synchronize()
    gmsh.model.addPhysicalGroup(2, [left], 1, "steel")
    gmsh.model.addPhysicalGroup(2, [right], 2, "rubber")
    for _, line in gmsh.model.getEntities(1):
        low, *_, high, _, _ = gmsh.model.getBoundingBox(1, line)
        for place, tag, name in ((0, 11, "inlet"), (0.5, 15, "interface"), (1, 12, "outlet")):
            if abs(low - place) < 1e-3 and abs(high - place) < 1e-3:
                gmsh.model.addPhysicalGroup(1, [line], tag, name)
    gmsh.option.setNumber("Mesh.MeshSizeMax", 0.1)
    gmsh.model.mesh.generate(2)
    for version in (2.2, 4.1):
        for binary, form in ((0, "text"), (1, "binary")):
            gmsh.option.setNumber("Mesh.MshFileVersion", version)
            gmsh.option.setNumber("Mesh.Binary", binary)
            gmsh.write(str(folder / f"two_{version}_{form}.msh"))
    gmsh.finalize()
    data = meshio.read(folder / "two_2.2_text.msh")
    points, cells = data.points, data.cells_dict["triangle"]
    save(folder / "monitor.vtu", points, cells, point_data={"f": ring(points)})
    order = np.random.default_rng(0).permutation(len(points))
    save(folder / "reordered.vtu", points[order], np.argsort(order)[cells], point_data={"f": ring(points[order])})
    save(folder / "cells.vtu", points, cells, cell_data={"err": [ring(points[cells].mean(1))]})
    save(folder / "vector.vtu", points, cells, point_data={"grad": np.c_[ring(points), 0 * points[:, :2]]})
    save(folder / "plane.vtu", points[:, [0, 2, 1]], cells, point_data={"f": ring(points)})
    return folder


def save(path, points, cells, **data):
    meshio.Mesh(points, [("triangle", cells)], **data).write(path)
