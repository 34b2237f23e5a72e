"""The border between policy and environment: strangers' faults are named in one line, actions are kept inside."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete
from hypothesis import given
from hypothesis import strategies as st

from simplatform.errors import ContractError
from simplatform.pipeline.border import SLACK, Border, require_policy


class Env(gymnasium.Env):
    """Answers what it is told."""

    observation_space = gymnasium.spaces.Dict({"x": Box(-1, 1, (2,))})

    def __init__(self, reset=({"x": np.zeros(2)}, {}), step=None, space=None):
        self.action_space = space or Box(-1.0, np.array([1.0, 3.0], np.float32), (2,), np.float32)
        self._reset, self._step = reset, step

    def reset(self, *, seed=None, options=None):
        return self._reset

    def step(self, action):
        self.action = action
        return self._step


class Still:
    """A policy that is told how to answer."""

    observe = 1

    def __init__(self, execute=2):
        self.execute = execute

    def reset(self, observation):
        pass

    def act(self, observation, *, generator):
        return None


def began(step, **more):
    border = Border(Env(step=step, **more), Still())
    border.reset(0, None)
    return border


GOOD = ({"x": np.zeros(2)}, 0.0, False, False, {"success": 1.0})


@pytest.mark.parametrize(
    ("answer", "message"),
    [(None, r"Env.reset must return \(observation, info\), got None"), (({},), "got tuple of 1"),
     ((np.zeros(2), {}), "must return a dict of named arrays as observation, got ndarray"),
     (({}, {}), "got dict of 0"), (({"x": "words"}, {}), "observation 'x' holds str, not numbers"),
     (({"x": [None]}, {}), "observation 'x' holds list of 1, not numbers")],
)  # fmt: skip
def test_a_reset_of_another_form_is_named(answer, message):
    with pytest.raises(ContractError, match=message):
        Border(Env(answer), Still()).reset(0, None)


@pytest.mark.parametrize(
    ("answer", "message"),
    [(GOOD[:4], r"Env.step must return .* got tuple of 4"), ((*GOOD[:4], None), "a dict as info, got None"),
     (({"y": np.zeros(2)}, *GOOD[1:]), "dropped observation 'x' during an episode; it showed x"),
     (({"x": np.zeros(2), "y": 1}, *GOOD[1:]), "showed a new observation 'y' during an episode; it began with x"),
     (({"x": np.zeros(3)}, *GOOD[1:]), r"changed the shape of observation 'x' from \(2,\) to \(3,\)")],
)  # fmt: skip
def test_a_step_of_another_form_is_named(answer, message):
    with pytest.raises(ContractError, match=message):
        began(answer).step(np.zeros(2, np.float32))


def test_the_end_is_either_end_and_a_new_episode_may_look_otherwise():
    for ends in ((True, False), (False, True), (True, True), (False, False)):
        observation, last, info = began((GOOD[0], 0.0, *ends, GOOD[4])).step(np.zeros(2))
        assert last is any(ends)
        assert info == {"success": 1.0}
        assert set(observation) == {"x"}
    border = began(GOOD)
    border.began(({"other": np.zeros(1)}, {}))


@given(st.lists(st.floats(-5, 5), min_size=2, max_size=2))
def test_actions_are_clipped_to_the_space_and_counted(values):
    border, action = began(GOOD), np.array(values, np.float32)
    border.step(action)
    low, high = border.env.action_space.low, border.env.action_space.high
    assert np.array_equal(border.env.action, np.clip(action, low, high))
    outside = np.maximum(action - high, low - action) > SLACK * (high - low)
    assert border.clipped == bool(outside.any())


def test_unbounded_and_other_spaces_are_left_alone():
    for space in (Box(-np.inf, np.inf, (2,)), Discrete(3)):
        border = began(GOOD, space=space)
        border.step(np.array([1e9, -1e9]))
        assert border.env.action.tolist() == [1e9, -1e9]
        assert border.clipped == 0


def test_the_first_value_that_is_not_finite_is_kept():
    border = began(({"x": np.array([0, np.nan])}, *GOOD[1:]))
    assert border.failure == ""
    border.step(np.zeros(2))
    border.stepped(GOOD)
    assert border.failure == "non-finite observation 'x' of Env"


@pytest.mark.parametrize(
    ("answer", "message"),
    [([[0, 0]], r"Still.act must return a tensor \(1, K, \*\(2,\)\), got a list"),
     (torch.zeros(2, 2, 2), r"got \(2, 2, 2\)"), (torch.zeros(1, 2, 3), r"got \(1, 2, 3\)"),
     (torch.zeros(1, 1, 2), "Still.execute is 2, but act returned 1 actions")],
)  # fmt: skip
def test_an_answer_of_another_form_is_named(answer, message):
    with pytest.raises(ContractError, match=message):
        began(GOOD).answer(answer)
    chunk = began(GOOD).answer(torch.ones(1, 3, 2, dtype=torch.float64, requires_grad=True))
    assert (chunk.shape, chunk.dtype) == ((3, 2), np.float32)


@pytest.mark.parametrize("execute", [0, True, 1.0, None])
def test_what_a_policy_says_of_itself_is_checked(execute):
    require_policy(Still())
    with pytest.raises(ContractError, match=r"Still\.execute must be a positive int"):
        require_policy(Still(execute))
    with pytest.raises(ContractError, match="object is not a policy: it lacks act, execute"):
        require_policy(object())
