"""``sp.evaluate`` plays episodes in lockstep where it can: the same numbers as one by one, to rounding."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
import torch

import simplatform as sp
from simplatform.pipeline.at_hand import played
from simplatform.seeding import normal
from tests.core.pipeline.evaluate_cases import SUCCESS, reach
from tests.core.pipeline.reach import Oracle

COUNT = 9


class Alone:
    """Says that the state stays, with noise of the episode's own; one episode at a time."""

    observe = execute = 1

    def __init__(self):
        self.widths = []

    def reset(self, observation): ...

    def act(self, observation, *, generator):
        state = observation["window"][:, -1, -1]
        self.widths.append(len(state))
        return (state + 0.01 * normal(tuple(state.shape), generator, state))[:, None]


class Many(Alone):
    lockstep = "free"


class Waves(Alone):
    lockstep = "together"


def lorenz(**settings):
    return gymnasium.make("simplatform/Prediction-v0", system="lorenz63", steps=20, **settings)


def rows(policy, env):
    found = sp.evaluate(policy, env, episodes=COUNT, seed=3)
    return [{k: v for k, v in row.items() if "latency" not in k and "seconds" not in k} for row in found.rows], found


@pytest.mark.parametrize("kind", [Many, Waves])
def test_copies_of_an_environment_are_answered_together(kind):
    wanted, policy = rows(Alone(), lorenz())[0], kind()
    found, evaluation = rows(policy, lorenz())
    for one, other in zip(wanted, found, strict=True):
        assert one.keys() == other.keys()
        numbers = [[float(row[key]) for key in row if isinstance(row[key], float | int)] for row in (one, other)]
        np.testing.assert_allclose(numbers[1], numbers[0], rtol=1e-6)
    assert max(policy.widths) >= COUNT - 1
    assert len(policy.widths) < COUNT * 20 / 2
    assert 0 < evaluation.latency["median"] < 1  # of calls that asked one row alone


def test_what_a_user_changed_in_the_environment_is_in_its_copies():
    env, policy = lorenz(), Many()
    env.unwrapped.steps = 5
    assert {row["steps"] for row in sp.evaluate(policy, env, episodes=4).rows} == {5}
    assert max(policy.widths) == 3  # one row is asked alone, for its latency


def test_an_environment_that_cannot_be_copied_or_is_wrapped_is_played_one_by_one():
    held, policy = lorenz(), Many()
    held.unwrapped.stream = (number for number in range(3))  # a generator cannot be copied
    assert len(sp.evaluate(policy, held, episodes=3).rows) == 3
    assert len(sp.evaluate(policy, gymnasium.wrappers.TimeLimit(lorenz(), 4), episodes=3).rows) == 3
    assert set(policy.widths) == {1}


def test_a_task_by_name_makes_as_many_environments_as_are_worth_it():
    class Reaching(Oracle):
        lockstep = "free"

        def __init__(self):
            super().__init__()
            self.widths = []

        def act(self, observation, *, generator):
            self.widths.append(len(observation["goal"]))
            return super().act(observation, generator=generator)

    made, policy = [], Reaching()
    task = sp.Task("reach", "own/Reach-v0", "", SUCCESS, variants=({"limit": 1.0}, {"limit": 0.001}))

    def make(variant):
        made.append(variant)
        return reach(**task.variants[variant])

    with torch.no_grad():
        results = list(played(policy, make, task, "test", 0, 12))
    assert [result.episode.variant for result in results] == [0, 1] * 6
    assert [result.episode.metrics["success"] for result in results][::2] == [1.0] * 6
    assert len(made) <= 13
