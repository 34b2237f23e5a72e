"""Why a policy falls short: each cause is put in by hand, and it is the number of that cause that tells it."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch

import simplatform as sp
from simplatform.contracts import Normalising
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.pipeline.environments import make_env, make_expert
from simplatform.pipeline.shards import play
from simplatform.pipeline.tally import Evaluation
from simplatform.pipeline.why import PHASES, Replayed, Scale, errors, explained, falls_short
from simplatform.plugin_host.host import get_host
from simplatform.report.statistics import estimate


@pytest.fixture
def task():
    return get_host().registry("task").get("toy/point").data


class Narrow:
    """A policy whose normaliser knows a tenth of the range."""

    observe, execute = 1, 3

    def reset(self, observation):
        pass

    def act(self, observation, *, generator):
        return torch.zeros(len(observation["state"]), 3, 2)

    def through(self, actions, observation):
        return actions.clamp(-0.1, 0.1)


class Asked(Narrow):
    """Says the expert's action, and in the last third of an episode that of a blind man."""

    lockstep = "free"

    def __init__(self, episode, after):
        self.episode, self.after = episode, after

    def act(self, observation, *, generator):
        where = [int(np.argmin(np.abs(self.episode.observations["state"] - one.numpy()).sum(1)))
                 for one in observation["state"][:, -1]]  # fmt: skip
        said = [self.episode.actions[step] + 5.0 * (step >= self.after) for step in where]
        return torch.as_tensor(np.array(said))[:, None]


def episode_of(task, number):
    env = make_env(task, "test", number)
    return play(make_expert(task, env), env, task, "test", 0, number).episode


def test_an_expert_comes_through_its_own_chunks_and_not_through_a_narrow_normaliser(task):
    found = []
    for number in range(4):
        episode = episode_of(task, number)
        for policy in (ToldNothing(), Narrow()):
            said = Replayed(episode, policy)
            played = play(said, make_env(task, "test", number), task, "test", 0, number)
            found.append(played.episode.metrics["success"])
    assert isinstance(Narrow(), Normalising)
    assert found[0::2] == [1.0] * 4
    assert sum(found[1::2]) <= 1


class ToldNothing:
    """A policy without a normaliser."""

    observe, execute = 1, 5


def test_the_phase_of_an_error_is_told_and_its_unit_is_the_spread_of_the_training_actions():
    steps = np.arange(30)
    states = np.concatenate([steps, [30]])[:, None].astype(np.float32)
    actions = np.stack([np.sin(steps), np.cos(steps), 0 * steps], 1).astype(np.float32)
    episode = Episode({"state": states}, actions)
    scale = Scale(Demonstrations([episode]), {})
    found = errors(Asked(episode, after=20), Demonstrations([episode]), scale)
    assert found[:2] == [0.0, 0.0]
    assert found[2] == pytest.approx(5 * np.sqrt(np.mean(1 / actions[:, :2].std(0) ** 2)), rel=1e-5)
    assert scale.mean_action(Demonstrations([episode])) == pytest.approx(1.0, rel=1e-5)


def test_distance_coverage_and_clipping_depend_on_no_unit():
    rng = np.random.default_rng(0)
    states, clouds = rng.normal(size=(21, 3)), rng.normal(size=(21, 40, 3))
    actions = rng.uniform(-1, 1, (20, 2))

    def told(unit, shift):
        def of(away):
            seen = {"agent": unit * (states + away), "cloud": unit * (clouds + away)}
            return Demonstrations([Episode(seen, unit * actions * (1 + away))])

        scale = Scale(of(0.0), {"low": [-unit] * 2, "high": [unit] * 2})
        return [*scale.distances(of(shift)), scale.uncovered(of(shift)), scale.clipped(of(shift))]

    np.testing.assert_allclose(told(1.0, 0.0), [0] * PHASES + [0, 0], atol=1e-12)
    np.testing.assert_allclose(told(1.0, 9.0), told(1000.0, 9.0), rtol=1e-9)
    assert min(told(1.0, 9.0)[: PHASES + 1]) > 0.9


def test_a_component_that_only_rounding_moves_is_not_compared():
    draw = np.random.default_rng(0)
    states = np.column_stack([draw.normal(size=21), 0.7 + 1e-8 * draw.normal(size=21)])
    scale = Scale(Demonstrations([Episode({"agent": states}, draw.normal(size=(20, 2)))]), {})
    moved = Demonstrations([Episode({"agent": states + [0, 0.2]}, draw.normal(size=(20, 2)))])
    assert scale.distances(moved) == [0.0] * PHASES


def test_a_run_that_falls_short_says_why_and_one_that_does_not_says_nothing(tmp_path):
    few = {"train.steps": 1, "task.episodes": 3, "task.record": 1}
    short = sp.run("toy", settings=few, output=tmp_path, device="cpu")
    found = json.loads((short.path / "eval" / "summary.json").read_text())["why"]
    assert (found["episodes"], found["expert"], found["replayed"]) == (3, 3, 3)
    assert min(found["error"]["training"]) > 0.3
    assert "It has not learned its demonstrations" in short.report.read_text()
    good = Evaluation("test", [], {"success": estimate([1.0] * 9 + [0.0], "rate")}, {})
    assert not falls_short(get_host().registry("task").get("toy/point").data, good)


def test_what_breaks_while_it_is_looked_for_costs_no_run():
    assert set(explained(None, None, Demonstrations([]), None)) == {"failure"}
