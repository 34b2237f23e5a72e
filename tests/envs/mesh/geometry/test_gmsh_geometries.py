"""Meshes by gmsh (frontal-Delaunay, the generator of the UM2N paper), where it is installed: any outline."""

import numpy as np
import pytest

from simplatform.envs.mesh.geometry import gmsh_geometries
from simplatform.envs.mesh.geometry.validity import check_mesh
from simplatform.errors import MissingDependency


def test_gmsh_geometries():
    try:
        channel = gmsh_geometries.channel_with_cylinder(0.06)
    except MissingDependency as error:
        pytest.skip(str(error))
    assert check_mesh(channel).volumes.sum() == pytest.approx(2.2 * 0.41 - np.pi * 0.05**2, rel=1e-3)
