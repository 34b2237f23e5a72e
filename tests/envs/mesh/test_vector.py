"""Meshes of different sizes as one environment: packing is undone to the bit."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from simplatform.envs.mesh.environment import MeshMovement
from simplatform.envs.mesh.vector import PACKED, PackedMeshes
from simplatform.errors import ConfigError, ContractError

SIZES = [5, 7, 6]


def packed(**kwargs):
    return gymnasium.make_vec("simplatform/MeshMovement-v0", len(SIZES), each={"n": SIZES}, **kwargs)


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_packed_meshes_answer_as_each_alone(mode):
    vector, alone = packed(autoreset_mode=mode), [MeshMovement(n=n) for n in SIZES]
    assert isinstance(vector, PackedMeshes)
    shown, infos = vector.reset(seed=[3, 4, 5])
    assert vector.observation_space.contains(shown)
    wanted = [env.reset(seed=3 + row) for row, env in enumerate(alone)]
    vector.action_space.seed(0)
    action = 0.01 * vector.action_space.sample()
    parts = vector.unpacked(action)
    for row, (first, info) in enumerate(wanted):
        chosen = shown["batch"] == row
        for key in PACKED:
            np.testing.assert_array_equal(shown[key][chosen], first[key])
        mine = chosen[shown["cells"][:, 0]]
        np.testing.assert_array_equal(shown["cells"][mine] - shown["ptr"][row], first["cells"])
        np.testing.assert_array_equal(shown["parameters"][row], first["parameters"])
        assert infos["error_original"][row] == info["error_original"]
    _, rewards, terminated, truncated, infos = vector.step(action)
    assert (terminated | truncated).all()
    told = infos["final_info"] if mode == AutoresetMode.SAME_STEP else infos
    for row, (env, part) in enumerate(zip(alone, parts, strict=True)):
        _, reward, *_, info = env.step(part)
        assert (rewards[row], told["error_moved"][row]) == (reward, info["error_moved"])
    if mode == AutoresetMode.DISABLED:
        with pytest.raises(ContractError, match=r"meshes \[0, 1, 2\] have ended"):
            vector.step(action)
        return
    follows, again, *_ = vector.step(action)
    assert not again.any() if mode == AutoresetMode.NEXT_STEP else again.all()
    assert (follows["solution"] != shown["solution"]).any()


def test_what_cannot_be_packed_is_said():
    with pytest.raises(ContractError, match="a row for each of"):
        packed().step(np.zeros((3, 2)))
    with pytest.raises(ConfigError, match="share dimension, kind of cells"):
        gymnasium.make_vec("simplatform/MeshMovement-v0", 2, each={"problem": ["helmholtz", "burgers"]}, n=5)
