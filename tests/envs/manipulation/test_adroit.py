"""The Adroit hand: Gymnasium's contract, seeds, clouds, and an expert that carries the ball."""

from __future__ import annotations

import sys
import warnings

import numpy as np
import pytest
import torch
from gymnasium.utils.env_checker import check_env

from simplatform.envs.manipulation.adroit import TASKS, AdroitEnv
from simplatform.envs.manipulation.adroit_expert import adroit_expert
from simplatform.envs.manipulation.metaworld import MetaWorldEnv
from simplatform.errors import ContractError, MissingDependency, UnknownName

pytest.importorskip("gymnasium_robotics", reason="gymnasium-robotics comes with simplatform[adroit]")
SMALL = {"points": 64, "camera_size": 32}


@pytest.mark.parametrize("task", TASKS)
def test_check_env_has_nothing_to_say(task):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", category=DeprecationWarning)
        check_env(AdroitEnv(task, **SMALL), skip_render_check=True)


@pytest.mark.parametrize("task", TASKS)
def test_a_seed_decides_the_episode_whatever_came_before(task):
    fresh, used = AdroitEnv(task, **SMALL), AdroitEnv(task, **SMALL)
    used.reset(seed=1)
    actions = np.random.default_rng(0).uniform(-1, 1, (5, *used.action_space.shape)).astype(np.float32)
    for action in actions:
        used.step(action)
    runs = [[env.reset(seed=4)[0]] + [env.step(action)[0] for action in actions] for env in (fresh, used)]
    for a, b in zip(*runs, strict=True):
        for key in a:
            np.testing.assert_array_equal(a[key], b[key])
    assert not np.array_equal(used.reset(seed=5)[0]["state"], runs[0][0]["state"])


def test_sizes_and_the_hand_alone():
    sizes = {task: AdroitEnv(task, points=0) for task in TASKS}
    assert [sizes[task].action_space.shape[0] for task in TASKS] == [28, 26, 24, 30]
    whole, hand = AdroitEnv("door", points=0), AdroitEnv("door", points=0, arm=False)
    a, b = whole.reset(seed=0)[0]["agent_pos"], hand.reset(seed=0)[0]["agent_pos"]
    assert (len(a), len(b)) == (28, 24)
    np.testing.assert_array_equal(a[-24:], b)


def test_the_cloud_shows_hand_ball_and_goal():
    env = AdroitEnv("relocate", points=512, camera_size=96)
    cloud = env.reset(seed=0)[0]["point_cloud"]
    ball, (goal,) = env.inner.data.body("Object").xpos, env.markers[0]
    for place, radius in ((ball, 0.06), (goal, 0.06), (env.inner.data.body("palm").xpos, 0.1)):
        assert (np.linalg.norm(cloud - place, axis=1) < radius).sum() >= 3
    assert cloud[:, 2].min() > 0


def carries_the_ball(seed: int) -> bool:
    env = AdroitEnv("relocate", points=0, terminate_on_success=True)
    expert, (observation, info) = adroit_expert(env), env.reset(seed=seed)
    expert.reset({})
    terminated = truncated = False
    while not (terminated or truncated):
        action = expert.act({"state": torch.as_tensor(observation["state"])[None, None]})
        observation, _, terminated, truncated, info = env.step(action[0, 0].numpy())
    return info["success"] == 1.0


def test_the_expert_carries_the_ball():
    assert sum(carries_the_ball(seed) for seed in range(4)) >= 3


def test_what_cannot_be_is_refused(monkeypatch):
    with pytest.raises(UnknownName, match="door, hammer, pen, relocate"):
        AdroitEnv("drawer")
    for other in (AdroitEnv("door", points=0), MetaWorldEnv(points=0)):
        with pytest.raises(ContractError, match="relocate"):
            adroit_expert(other)
    monkeypatch.setitem(sys.modules, "gymnasium_robotics.envs.adroit_hand.adroit_pen", None)
    with pytest.raises(MissingDependency, match="adroit"):
        AdroitEnv("pen")
