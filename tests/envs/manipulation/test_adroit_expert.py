"""The scripted hand: it goes to where it is told, phase after phase, and refuses other tasks."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.manipulation.adroit import AdroitEnv
from simplatform.envs.manipulation.adroit_expert import CLOSED, GRASP, HOVER, OPEN, adroit_expert
from simplatform.envs.manipulation.metaworld import MetaWorldEnv
from simplatform.errors import ContractError

pytest.importorskip("gymnasium_robotics", reason="gymnasium-robotics comes with simplatform[adroit]")


@pytest.fixture
def made():
    env = AdroitEnv("relocate", points=0)
    env.reset(seed=0)
    expert = adroit_expert(env)
    expert.reset({})
    return env, expert


def ball(expert):
    return expert._data.body("Object").xpos


def test_phases_follow_from_where_the_palm_is(made):
    _, expert = made
    above = ball(expert) + GRASP + [0, 0, HOVER]
    expert._advance(above + [0.02, 0, 0], ball(expert))
    assert expert._phase == "above", "two centimetres beside it is not above it"
    expert._advance(above, ball(expert))
    assert expert._phase == "down"
    expert._advance(ball(expert) + GRASP, ball(expert))
    assert expert._phase == "grasp"
    for _ in range(26):
        expert._advance(above, ball(expert))
    assert expert._phase == "carry"
    expert.reset({})
    assert expert._phase == "above"


def test_a_hand_that_does_not_come_down_grasps_in_the_end(made):
    _, expert = made
    expert._phase = "down"
    for _ in range(81):
        expert._advance(ball(expert) + [0, 0, 1], ball(expert))
    assert expert._phase == "grasp"


def test_fingers_are_open_on_the_way_and_closed_with_the_ball(made):
    _, expert = made
    for phase, fingers in (("above", OPEN), ("down", OPEN), ("grasp", CLOSED), ("carry", CLOSED)):
        expert._phase = phase
        assert np.array_equal(expert._fingers(), fingers)


def test_goals_are_above_at_and_towards(made):
    _, expert = made
    palm = np.array([1.0, 2.0, 3.0])
    assert expert._goal(palm) == pytest.approx(ball(expert) + GRASP + [0, 0, HOVER])
    expert._phase = "carry"
    assert np.abs(expert._goal(palm) - palm).max() == pytest.approx(0.05)


def test_its_actions_are_in_the_space_and_bring_the_palm_nearer(made):
    env, expert = made

    def gap():
        return float(np.linalg.norm(expert._data.site_xpos[expert._palm] - expert._goal(np.zeros(3))))

    before = gap()
    for _ in range(15):
        action = expert.act({}, generator=None)
        assert action.shape == (1, 1, 30)
        assert float(action.abs().max()) <= 1
        env.step(action[0, 0].numpy())
    assert expert._phase != "above" or gap() < before


def test_other_tasks_and_environments_are_refused():
    for env in (AdroitEnv("door", points=0), MetaWorldEnv(points=0)):
        with pytest.raises(ContractError, match="expected simplatform/Adroit-v0 with task 'relocate'"):
            adroit_expert(env)
