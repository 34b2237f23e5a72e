"""The environment of fields: its contract, its scores, and that the resolved solver is perfect in it."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
import torch

import simplatform as sp
from simplatform.contracts import Facts
from simplatform.envs.fields.coarse import problem_of
from simplatform.envs.fields.environment import FieldEnv, ResolvedSolver
from simplatform.envs.fields.problems import PROBLEMS
from simplatform.errors import ConfigError, UnknownName, UsageError
from simplatform.testing import check_env

QUICK = {"problem": "burgers", "points": 32, "steps": 12}


def played(action, **settings):
    env = gymnasium.make("simplatform/Field-v0", **{**QUICK, **settings})
    observation, _ = env.reset(seed=3)
    done = False
    while not done:
        observation, _, terminated, truncated, info = env.step(action(observation, env.unwrapped))
        done = terminated or truncated
    return info, terminated


def test_it_keeps_the_contract_of_environments():
    check_env(gymnasium.make("simplatform/Field-v0", **QUICK))


def test_the_truth_scores_best_and_the_last_frame_is_reached():
    info, terminated = played(lambda seen, env: env.truth[env.time + 1].astype(np.float32))
    assert not terminated
    assert info["correlation_time"] == pytest.approx(1.2)
    assert info["vrmse_1"] < 1e-6
    assert info["vrmse_10"] < 1e-6
    assert info["vrmse_100"] is None  # the episode is shorter: not measured
    assert info["nrmse"] < 1e-6
    assert info["spectrum"] < 1e-3
    assert info["drift"] < 1e-5


def test_a_forecast_that_explodes_ends_the_episode():
    info, terminated = played(lambda seen, env: 1e6 * np.ones_like(seen["field"]))
    assert terminated
    assert info["diverged"] == 1.0
    assert info["correlation_time"] == 0.0
    assert info["nrmse"] is None


def test_persistence_is_followed_for_a_while_and_then_lost():
    info, _ = played(lambda seen, env: seen["field"], problem="kuramoto-sivashinsky", points=None)
    assert 0 < info["correlation_time"] < 12 * 0.8
    assert info["correlation_time_95"] <= info["correlation_time"]


@pytest.mark.parametrize("problem", sorted(set(PROBLEMS) - {"kolmogorov"}))
def test_every_problem_starts_finite_and_moves(problem):
    points = 32 if PROBLEMS[problem].grid.dim > 1 else None
    env = gymnasium.make("simplatform/Field-v0", problem=problem, steps=2, points=points)
    env.reset(seed=0)
    truth = env.unwrapped.truth
    assert np.isfinite(truth).all()
    assert np.abs(truth[2] - truth[1]).max() > 1e-4


def test_parameters_can_be_fixed_or_drawn():
    env = gymnasium.make("simplatform/Field-v0", **QUICK, parameters={"viscosity": 0.1})
    assert env.observation_space["parameters"].shape == (0,)
    env = gymnasium.make("simplatform/Field-v0", **QUICK, parameters={"viscosity": [0.3, 0.4]})
    assert 0.3 <= env.reset(seed=1)[0]["parameters"][0] <= 0.4


def test_a_shorter_frame_shows_the_same_truth_more_often():
    env, often = (gymnasium.make("simplatform/Field-v0", **{**QUICK, "steps": n}, frame=frame).unwrapped
                  for n, frame in ((2, None), (8, 0.025)))  # fmt: skip
    for one in (env, often):
        one.reset(seed=4)
    assert np.allclose(often.truth[::4], env.truth, atol=1e-9)
    assert coarse_problem(often).frame == 0.025
    settled = gymnasium.make("simplatform/Field-v0", problem="kuramoto-sivashinsky", frame=0.2).unwrapped.problem
    assert (settled.substeps, settled.burn_in) == (4, 600)


def coarse_problem(env):
    return problem_of(Facts.read(env.metadata["simplatform"], "env"))


def test_episodes_that_begin_together_are_those_that_begin_alone():
    def made(number):
        settings = QUICK if number % 3 else {**QUICK, "points": 64}
        return gymnasium.make("simplatform/Field-v0", **settings).unwrapped

    envs, seeds = [made(number) for number in range(5)], list(range(5))
    together = FieldEnv.reset_all(envs, seeds, [None] * 5)
    for number, (env, (seen, _)) in enumerate(zip(envs, together, strict=True)):
        alone = made(number)
        first, _ = alone.reset(seed=number)
        assert np.allclose(alone.truth, env.truth, atol=1e-12)
        assert first.keys() == seen.keys()
        assert np.allclose(first["field"], seen["field"], atol=1e-6)
        assert np.array_equal(first["parameters"], seen["parameters"])


@pytest.mark.parametrize("frame", [0, -1.0, True, "often", float("nan")])
def test_a_time_between_frames_is_a_positive_number(frame):
    with pytest.raises(ConfigError, match=r"env\.frame"):
        gymnasium.make("simplatform/Field-v0", **QUICK, frame=frame)


@pytest.mark.parametrize("parameters", [{"viscositty": 1.0}, {"viscosity": "much"}, {"viscosity": [0.4, 0.3]}])
def test_parameters_that_are_none_are_refused(parameters):
    with pytest.raises(ConfigError, match="viscosit"):
        gymnasium.make("simplatform/Field-v0", **QUICK, parameters=parameters)


def test_an_unknown_problem_shows_the_near_ones():
    with pytest.raises(UnknownName, match="burgers"):
        gymnasium.make("simplatform/Field-v0", problem="burger")


def test_the_expert_is_perfect():
    env = gymnasium.make("simplatform/Field-v0", **QUICK)
    found = sp.evaluate(ResolvedSolver(env), env, episodes=2)
    assert found["nrmse"].value < 1e-6
    assert torch.is_tensor(ResolvedSolver(env).act({}, generator=torch.Generator()))


def test_the_truth_of_an_episode_is_solved_once():
    def begun(seed, **more):
        env = FieldEnv("burgers", steps=2, points=16, **more)
        env.reset(seed=seed)
        return env

    first, again, other, paced = begun(5), begun(5), begun(6), begun(5, frame=0.05)
    assert again.truth is first.truth
    assert not first.truth.flags.writeable
    assert not np.allclose(other.truth, first.truth)
    np.testing.assert_allclose(paced.truth[2], first.truth[1], atol=1e-5)
    assert paced.truth is not first.truth


@pytest.mark.parametrize("steps", [0, -3, 1.5, True])
@pytest.mark.parametrize("name", ["Field", "CaptionedField"])
def test_an_episode_has_a_frame_to_forecast(name, steps):
    with pytest.raises(UsageError, match=r"env\.steps must be a whole number from 1 on"):
        gymnasium.make(f"simplatform/{name}-v0", steps=steps)
