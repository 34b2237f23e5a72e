"""Mesh files and the move command: what goes in stays as it is, what is wrong is named."""

import numpy as np
import pytest

from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.geometry.outlines import OUTLINES
from simplatform.envs.mesh.geometry.quality import quality
from simplatform.envs.mesh.geometry.validity import check_mesh
from simplatform.errors import MissingDependency, UnknownName


@pytest.mark.parametrize("geometry", OUTLINES)
def test_gmsh_meshes_every_outline(geometry):
    try:
        mesh = generators.generate(geometry, 14, 3, mesher="gmsh")
    except MissingDependency as error:
        pytest.skip(str(error))
    ours = generators.generate(geometry, 14, 3)
    assert check_mesh(mesh).volumes.sum() == pytest.approx(ours.volumes.sum(), rel=1e-12)
    assert quality(mesh).mean() > 0.9
    assert 0.6 < len(mesh.points) / len(ours.points) < 1.6
    assert np.array_equal(mesh.points, generators.generate(geometry, 14, 3, mesher="gmsh").points)


def test_unknown_meshers_suggest():
    with pytest.raises(UnknownName, match="gmsh"):
        generators.generate("square", 8, mesher="gmesh")
