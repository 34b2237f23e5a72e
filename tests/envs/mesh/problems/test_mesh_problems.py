"""Problems beyond the elliptic ones: convergence orders, conservation, exact solutions, and carrying over to another
mesh."""

import numpy as np
import pytest

from simplatform.envs.mesh.environment import MeshMovement
from simplatform.envs.mesh.finite_elements.transfer import cellwise
from simplatform.envs.mesh.geometry import generators


def test_cellwise_transfer_is_exact_for_planes_and_conservative():
    old, new = generators.square(9, seed=0), generators.square(11, seed=3)
    assert np.allclose(cellwise(old, old.points[old.cells] @ [2.0, 1.0], new), new.points[new.cells] @ [2.0, 1.0])
    rough = np.random.default_rng(0).random((len(old.cells), 3))
    carried = cellwise(old, rough, new)
    assert new.volumes @ carried.mean(axis=1) == pytest.approx(old.volumes @ rough.mean(axis=1))


@pytest.mark.parametrize(("problem", "steps"), [("heat", 10), ("swirl", 20)])
def test_unsteady_environments_run_to_the_end(problem, steps):
    env = MeshMovement(problem=problem, n=7)
    observation, _ = env.reset(seed=0)
    for step in range(steps):
        observation, _, terminated, truncated, info = env.step(np.zeros_like(observation["points"]))
        assert terminated == (step == steps - 1)
        assert not truncated
    # Nothing moved, so carrying the solution over must not have changed it.
    assert abs(info["error_reduction"]) < 1e-8


def test_an_unsteady_run_that_tangles_is_truncated_and_reported():
    env = MeshMovement(problem="heat", n=7, limiter=False)
    env.reset(seed=0)
    _, reward, terminated, truncated, info = env.step(env.action_space.sample())
    assert (reward, terminated, truncated) == (-1.0, False, True)
    assert np.isnan(info["error_reduction"])
