"""An episode is the same alone, in a batch of any width, in any worker: noise, actions, numbers."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
import torch

from simplatform.contracts import Lockstep
from simplatform.noise import EpisodeNoise
from simplatform.pipeline.lockstep import Play, Stable, lockstep
from simplatform.pipeline.rollout import rollout
from simplatform.seeding import normal
from tests.core.pipeline.reach import Oracle


class Noisy(Oracle):
    """Goes to the goal with noise of its own, three actions at a time, from two observations."""

    observe, execute, lockstep = 2, 3, "free"

    def __init__(self, breaks=-1.0):
        super().__init__()
        self.widths, self.breaks = [], breaks

    def act(self, observation, *, generator):
        goal, state = observation["goal"][:, -1], observation["state"][:, -1]
        self.widths.append(len(goal))
        noise = normal((len(goal), 3, 4), generator, goal)
        step = 0.2 * (goal[:, None, :3] - state[:, None, :3]) + 0.05 * noise[..., :3]
        answer = torch.cat([step, noise[..., 3:]], -1)
        return (
            torch.where(noise.amax((1, 2), keepdim=True) < self.breaks, torch.nan, answer)
            if self.breaks > 0
            else answer
        )


class Remembers(Noisy):
    """Remembers where each of its episodes began."""

    lockstep = "together"

    def reset(self, observation):
        self.first = observation["state"][:, -1]

    def act(self, observation, *, generator):
        assert len(self.first) == len(observation["state"])
        return super().act(observation, generator=generator) + 0.1 * self.first[:, None]


def alone(policy, count, **settings):
    found = []
    for number in range(count):
        play = Play.of(None, "test", 5, number, False)
        env = gymnasium.make("own/Reach-v0", **settings)
        found.append(rollout(policy, env, seed=play.seed, generator=play.generator))
    return found


def together(policy, count, width, **settings):
    plays = [Play.of(None, "test", 5, number, False) for number in range(count)]
    stable = Stable(lambda variant: gymnasium.make("own/Reach-v0", **settings))
    found = lockstep(lambda env: policy, stable, plays, width, together=policy.lockstep == "together")
    return [result for _, result in sorted(((play.number, result) for play, result in found), key=lambda pair: pair[0])]


def same(a, b):
    assert len(a) == len(b)
    for x, y in zip(a, b, strict=True):
        assert (x.failure, len(x.episode)) == (y.failure, len(y.episode))
        np.testing.assert_allclose(y.episode.actions, x.episode.actions, atol=1e-6)
        for key in x.episode.observations:
            np.testing.assert_allclose(y.episode.observations[key], x.episode.observations[key], atol=1e-5)
        assert x.episode.infos.keys() == y.episode.infos.keys()


@pytest.mark.parametrize("width", [1, 4, 32])
@pytest.mark.parametrize("policy", [Noisy, Remembers])
def test_two_hundred_episodes_have_the_same_outcomes_at_any_width(policy, width):
    count = 200 if width == 32 and policy is Noisy else 30
    many = together(policy(), count, width, terminate=True)
    one = alone(policy(), count, terminate=True)
    same(one, many)
    assert [r.episode.infos["success"][-1] for r in many] == [r.episode.infos["success"][-1] for r in one]


def test_rows_that_end_are_filled_again():
    policy = Noisy()
    assert isinstance(policy, Lockstep)
    together(policy, 40, 8, terminate=True)
    full = policy.widths[: len(policy.widths) // 2]
    assert max(policy.widths) <= 8
    assert np.sum(policy.widths) / len(policy.widths) > 2
    assert len(full) < sum(len(r.episode) for r in alone(Noisy(), 40, terminate=True)) / 3


def test_failures_are_those_of_episodes_alone():
    one, many = alone(Noisy(1.2), 20), together(Noisy(1.2), 20, 8)
    same(one, many)
    assert 0 < sum(bool(r.failure) for r in many) < 20


def test_environments_that_fail_are_named_in_a_batch_too():
    found = together(Noisy(), 6, 4, fault="nan")
    assert {r.failure for r in found} == {"non-finite observation 'state' of own/Reach-v0"}


def test_environments_are_used_again():
    made = []
    plays = [Play.of(None, "test", 5, number, False) for number in range(12)]

    def make(variant):
        made.append(variant)
        return gymnasium.make("own/Reach-v0")

    assert len(list(lockstep(lambda env: Noisy(), Stable(make), plays, 3))) == 12
    assert len(made) == 3


def test_noise_is_drawn_by_row():
    generators = [Play.of(None, "test", 5, number, False).generator for number in range(3)]
    assert len(EpisodeNoise(generators).streams) == 3
