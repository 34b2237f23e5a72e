"""Flow past a cylinder: orders of the elements, published coefficients, and how the environment reports forces."""

import numpy as np
import pytest

from simplatform.envs.mesh.environment import MeshMovement
from simplatform.envs.mesh.geometry import generators
from simplatform.errors import MissingDependency


@pytest.fixture(scope="module")
def channel():
    try:
        return generators.generate("cylinder", 6)
    except MissingDependency as error:
        pytest.skip(str(error))


def test_the_environment_reports_forces(channel):
    env = MeshMovement("cylinder", mesh=channel)
    env.reset(seed=0)
    info = env.step(np.zeros((len(channel.points), 2)))[-1]
    for force in ("drag", "lift"):
        assert info[f"{force}_error_moved"] == pytest.approx(info[f"{force}_error_original"], rel=1e-6)
    assert info["error_reduction"] == pytest.approx(0, abs=1e-6)
