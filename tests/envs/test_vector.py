"""Every kind of environment works in Gymnasium's own vector interface."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

import simplatform  # noqa: F401  registers the ids

LIGHT = {
    "simplatform/Prediction-v0": {"steps": 6}, "simplatform/Forecast-v0": {"support": 1},
    "simplatform/MeshMovement-v0": {"n": 6},
}  # fmt: skip


@pytest.mark.parametrize("name", LIGHT)
def test_make_vec_gives_what_each_environment_gives_alone(name):
    vector = gymnasium.make_vec(name, num_envs=2, **LIGHT[name])
    single = [gymnasium.make(name, **LIGHT[name]) for _ in range(2)]
    shown, _ = vector.reset(seed=[3, 4])
    for row, env in enumerate(single):
        alone, _ = env.reset(seed=3 + row)
        assert all(np.allclose(shown[key][row], alone[key]) for key in alone)
    action = np.zeros_like(vector.action_space.sample())
    for _ in range(8):  # past the end: the next episodes begin by themselves
        shown, rewards, *_ = vector.step(action)
    assert rewards.shape == (2,)
    vector.close()
