"""Pictures of meshes by matplotlib, without a display: panels of a case, before and after, cell quality."""

import numpy as np
import pytest

from simplatform.envs.mesh.environment import MeshMovement
from simplatform.envs.mesh.geometry import generators
from simplatform.envs.mesh.pictures.figures import before_and_after, pixels
from simplatform.envs.mesh.pictures.panels import panels_of
from simplatform.errors import DataError


def test_quads_are_drawn_and_other_dimensions_say_no():
    env = MeshMovement(geometry="quads", n=6, render_mode="rgb_array")
    env.reset(seed=0)
    env.step(np.zeros_like(env.mesh.points))
    assert env.render().std() > 10
    mesh = generators.cube(2)
    assert pixels(before_and_after(mesh, mesh, np.ones(len(mesh.points)))).std() > 1
    env = MeshMovement(geometry="cube", n=4)
    env.reset(seed=0)
    with pytest.raises(DataError, match="dimension 3"):
        panels_of(env.case, env.case.observed())
