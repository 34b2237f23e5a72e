"""Tasks in turn: the next begins when one succeeds, in its own scene, and only the demonstrator is told which it is."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
import torch

from simplatform.envs.manipulation.metaworld import MetaWorldEnv
from simplatform.envs.manipulation.sequence import MetaWorldSequenceEnv, sequence_expert
from simplatform.envs.manipulation.tasks import SKILLS
from simplatform.errors import ContractError, UnknownName

SMALL = {"points": 16, "camera_size": 16}


@pytest.fixture(scope="module")
def told():
    return MetaWorldSequenceEnv(("drawer-close", "button-press"), told=True, **SMALL)


def episode(env: MetaWorldSequenceEnv, seed: int, most: int = 200) -> list[tuple]:
    """Return what each step gave, of an episode that the expert plays."""
    expert, (observation, _) = sequence_expert(env), env.reset(seed=seed)
    steps = [(observation, False, {})]
    while not steps[-1][1] and len(steps) < most:
        batch = {key: torch.as_tensor(value)[None, None] for key, value in observation.items()}
        observation, _, ended, _, info = env.step(expert.act(batch)[0, 0].numpy())
        steps.append((observation, ended, info))
    return steps


def test_the_expert_does_one_after_the_other_and_the_token_follows(told):
    steps = episode(told, seed=1)
    assert steps[-1][1:] == (True, {"success": 1.0, "done": 1.0, "diverged": 0.0})
    stages = [int(seen["stage"].argmax()) for seen, *_ in steps]
    assert stages == sorted(stages)
    assert set(stages) == {0, 1}
    tokens = [SKILLS[int(seen["agent_pos"][-3:].argmax())] for seen, *_ in steps]
    assert tokens == [told.order[stage] for stage in stages]
    assert all(told.observation_space.contains(seen) for seen, *_ in steps)
    switch = stages.index(1)
    alone = MetaWorldEnv("button-press", among=SKILLS, **SMALL).reset(seed=told._seeds[1])[0]
    np.testing.assert_array_equal(steps[switch][0]["point_cloud"], alone["point_cloud"])


def test_a_policy_is_not_told_and_what_takes_too_long_ends_the_episode():
    env = MetaWorldSequenceEnv(("drawer-open",), max_steps=4, **SMALL)
    seen, _ = env.reset(seed=0)
    ends = []
    for _ in range(4):
        seen, _, ended, late, info = env.step(np.zeros(4, np.float32))
        ends.append((ended, late, info["success"]))
        np.testing.assert_array_equal(seen["agent_pos"][-3:], 0)
    assert ends == [(False, False, 0.0)] * 3 + [(True, False, 0.0)]
    env.show(("agent_pos",))
    assert "point_cloud" not in env.reset(seed=0)[0]


def test_what_is_no_skill_is_refused():
    with pytest.raises(UnknownName, match="drawer-open"):
        MetaWorldSequenceEnv(("drawer-opn",))
    with pytest.raises(ContractError, match="MetaWorldSequence-v0"):
        sequence_expert(gymnasium.make("CartPole-v1"))
