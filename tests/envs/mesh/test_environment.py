"""The mesh-movement environment: an action moves the vertices, the PDE is solved again."""

import warnings

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from simplatform.envs.mesh.environment import MeshMovement
from simplatform.errors import ContractError, DataError, UnknownName


@pytest.mark.parametrize("geometry", ["square", "interval", "quads", "cube"])
def test_check_env_is_clean(geometry):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        check_env(MeshMovement(geometry=geometry, n=5), skip_render_check=True)


def test_reset_with_a_seed_is_deterministic():
    env = MeshMovement(n=8)
    first, _ = env.reset(seed=3)
    again, _ = env.reset(seed=3)
    other, _ = env.reset(seed=4)
    assert all(np.array_equal(first[key], again[key]) for key in first)
    assert not np.array_equal(first["monitor"], other["monitor"])


def test_no_movement_changes_no_error():
    env = MeshMovement(n=8)
    env.reset(seed=0)
    _, reward, terminated, _, info = env.step(np.zeros_like(env.mesh.points))
    assert terminated
    assert reward == info["error_reduction"] == 0.0
    assert info["tangled"] == info["limited"] == 0.0


def test_without_the_limiter_a_tangled_mesh_is_reported():
    env = MeshMovement(n=8, limiter=False)
    env.reset(seed=0)
    _, reward, _, _, info = env.step(env.action_space.sample())
    assert reward == -1.0
    assert info["tangled"] > 0
    assert np.isnan(info["error_moved"])


def test_with_the_limiter_the_same_action_is_safe_and_counted():
    env = MeshMovement(n=8)
    env.action_space.seed(0)
    env.reset(seed=0)
    info = env.step(env.action_space.sample())[-1]
    assert info["tangled"] == 0
    assert info["tangled_unlimited"] > 0
    assert info["limited"] == 1.0
    assert np.isfinite(info["error_reduction"])


def test_a_monitor_of_ones_own_is_used_and_checked():
    env = MeshMovement(n=8, monitor=lambda mesh, values: 1 + mesh.points[:, 0])
    observation, _ = env.reset(seed=0)
    assert np.allclose(observation["monitor"], 1 + env.mesh.points[:, 0])
    wrong = MeshMovement(n=8, monitor=lambda mesh, values: mesh.points[:, 0] - 0.5)
    with pytest.raises(DataError, match="negative at vertex"):
        wrong.reset(seed=0)


def test_wrong_names_and_shapes():
    with pytest.raises(UnknownName, match="helmholtz"):
        MeshMovement(problem="helmholz")
    with pytest.raises(UnknownName, match="gradient"):
        MeshMovement(monitor="gradent")
    env = MeshMovement(n=8)
    env.reset(seed=0)
    with pytest.raises(ContractError, match="an action moves every vertex"):
        env.step(np.zeros((3, 2)))
