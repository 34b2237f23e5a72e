from __future__ import annotations

import gymnasium
import numpy as np
import pytest
import torch
from pydantic import ValidationError

from simplatform.contracts import Signature
from simplatform.errors import ContractError
from simplatform.policies.manipulation.dp3 import DP3, DP3Config, SimpleDP3, SimpleDP3Config
from simplatform.policies.manipulation.flowpolicy import FlowPolicy, FlowPolicyConfig
from simplatform.policies.manipulation.mp1 import MP1, MP1Config
from simplatform.testing import check_policy
from tests.policies.manipulation.fixtures import SIGNATURE, demonstrations

POLICIES = {
    "mp1": (MP1, MP1Config),
    "flowpolicy": (FlowPolicy, FlowPolicyConfig),
    "dp3": (DP3, DP3Config),
    "simple-dp3": (SimpleDP3, SimpleDP3Config),
}


class Reach(gymnasium.Env):
    """The smallest environment with a cloud, a state and an action."""

    def __init__(self) -> None:
        box = gymnasium.spaces.Box
        spaces = {key: box(-10, 10, shape, np.float32) for key, shape in SIGNATURE.observation.items()}
        self.observation_space = gymnasium.spaces.Dict(spaces)
        self.action_space = box(-1, 1, (4,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.observation_space.seed(seed)
        return self.observation_space.sample(), {}

    def step(self, action):
        return self.observation_space.sample(), 0.0, False, False, {}


@pytest.mark.parametrize("name", POLICIES)
def test_keeps_the_contract(name):
    policy, config = POLICIES[name]
    check_policy(policy(config(widths=(8, 16), embedding=8, points=16), SIGNATURE), Reach(), demonstrations())


@pytest.mark.parametrize("name", POLICIES)
def test_published_size(name):
    _, config = POLICIES[name]
    assert config(size="paper").unet_widths == ((128, 256, 384) if name == "simple-dp3" else (512, 1024, 2048))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"horizon": 4, "execute": 4}, "3 actions to execute, not 4"),
        ({"horizon": 6}, "multiple of 4"),
        ({"widths": (12, 16)}, "multiples of 8"),
        ({"embedding": 7}, "even"),
        ({"horizont": 8}, "Extra inputs"),
    ],
)
def test_refuses_settings_that_cannot_work(settings, message):
    with pytest.raises(ValidationError, match=message):
        MP1Config(**settings)


@pytest.mark.parametrize(
    ("observation", "action"),
    [
        ({"full_state": (9,)}, (4,)),
        ({"point_cloud": (32, 3)}, (4,)),
        ({"point_cloud": (32, 2), "agent_pos": (9,)}, (4,)),
        ({"point_cloud": (32, 3), "agent_pos": (9,)}, (4, 2)),
    ],
)
def test_refuses_environments_without_clouds_or_vectors(observation, action):
    with pytest.raises(ContractError):
        MP1(MP1Config(), Signature(observation, action))


def test_refuses_colour_where_there_is_none():
    with pytest.raises(ContractError, match="needs points with colour"):
        MP1(MP1Config(colour=True), SIGNATURE)


def test_names_what_an_observation_lacks():
    policy = MP1(MP1Config(widths=(8, 16), points=16), SIGNATURE)
    policy.prepare(demonstrations())
    cloud, generator = torch.zeros(1, 2, 32, 3), torch.Generator()
    with pytest.raises(ContractError, match="agent_pos"):
        policy.act({"point_cloud": cloud}, generator=generator)
    with pytest.raises(ContractError, match=r"\(B, 2"):
        policy.act({"point_cloud": cloud[:, :1], "agent_pos": torch.zeros(1, 1, 9)}, generator=generator)


def test_answers_in_the_units_of_the_demonstrations():
    data = demonstrations()
    policy = MP1(MP1Config(widths=(8, 16), points=16), SIGNATURE)
    policy.prepare(data)
    policy.sample = lambda condition, noise: torch.ones_like(noise)
    observation = {"point_cloud": torch.zeros(1, 2, 32, 3), "agent_pos": torch.zeros(1, 2, 9)}
    action = policy.act(observation, generator=torch.Generator())
    np.testing.assert_allclose(action[0, 0].numpy(), data.stacked_actions().max(0), atol=1e-5)
