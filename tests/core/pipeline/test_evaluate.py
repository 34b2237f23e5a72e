"""An evaluation means what its reader thinks: the environment is the user's own, n counts distinct episodes."""

from __future__ import annotations

import warnings

import gymnasium
import numpy as np
import pytest
import torch

import simplatform as sp
from simplatform.errors import ContractError, EvaluationWarning, UsageError
from simplatform.pipeline.evaluate import evaluate_policy, within
from simplatform.report.statistics import bootstrap, estimate, wilson
from tests.core.pipeline.evaluate_cases import SUCCESS, reach
from tests.core.pipeline.reach import FAULTS, KINDS, Oracle


def evaluated(policy=None, env=None, episodes=5, **settings):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", EvaluationWarning)
        return sp.evaluate(policy or Oracle(), env or reach(), episodes=episodes, **settings)


@pytest.mark.parametrize("key", ["success", "is_success"])
@pytest.mark.parametrize("kind", KINDS)
def test_success_is_a_rate_however_it_is_reported(kind, key):
    env = reach(kind=kind, key=key)
    for metrics in (None, SUCCESS, (sp.Metric("success", "rate", "higher", "any", key=key),)):
        found = evaluated(env=env, metrics=metrics)
        assert (found["success"].kind, found["success"].k, found["success"].n) == ("rate", 5, 5)
        assert found["is_success"] == found["success"]


def test_a_users_wrappers_and_time_limit_hold():
    class Frozen(gymnasium.ActionWrapper):
        def action(self, action):
            return np.zeros_like(action)

    class Metres(gymnasium.ObservationWrapper):
        def observation(self, observation):
            return {key: value / np.float32(1000) for key, value in observation.items()}

    assert evaluated(env=Frozen(reach()))["success"].k < 2
    assert evaluated(env=Metres(reach(unit=1000.0)))["success"].k == 5
    assert {row["steps"] for row in evaluated().rows} == {20}
    assert {row["steps"] for row in evaluated(env=gymnasium.wrappers.TimeLimit(reach(), 7)).rows} == {7}


def test_statistics_of_a_wrapper_are_found():
    found = evaluated(env=gymnasium.wrappers.RecordEpisodeStatistics(reach()))
    assert (found["episode.return"].value, found["episode.length"].value) == (-20, 20)


def test_actions_are_clipped_to_the_space_and_that_is_said_once():
    env = reach(limit=0.01)
    with pytest.warns(EvaluationWarning, match=r"clipped to it in \d+ of 100 steps") as said:
        found = sp.evaluate(Oracle(), env, episodes=5)
    assert np.abs(env.unwrapped.sent).max() <= np.float32(0.01)
    assert len([note for note in found.notes if "clipped" in note]) == len(said) == 1


def test_a_misspelt_metric_is_an_error_that_names_the_keys():
    with pytest.raises(UsageError, match=r"'sucess'.*success.*Did you mean success"):
        evaluated(metrics=(sp.Metric("sucess", "rate"),))


def test_repeats_are_not_samples():
    found = evaluated(env=reach(fixed=True), episodes=6)
    assert found["success"].n == 1
    assert len(found.rows) == 6
    assert any("5 of 6 episodes repeat" in note for note in found.notes)


def test_asking_for_more_than_there_are_says_how_many():
    assert within("x: test", 4, 20, True) == (
        4,
        ["x: test has 4 distinct episodes, 20 were asked for: each is used once"],
    )
    assert within("x: test", 4, 20, False) == (4, [])
    assert within("x: test", None, 20, True) == (20, [])


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ("shape", r"own/Reach-v0 changed the shape of observation 'state' from \(4,\) to \(2,\)"),
        ("dropped", "own/Reach-v0 dropped observation 'state'"),
        ("new", "own/Reach-v0 showed a new observation 'more'"),
        ("none", r"own/Reach-v0.step must return a dict of named arrays as observation, got None"),
        ("array", "own/Reach-v0.step must return a dict of named arrays as observation, got ndarray"),
        ("objects", "observation 'state' holds ndarray, not numbers"),
    ],
)  # fmt: skip
def test_an_environment_that_changes_is_named_with_the_key(fault, message):
    env = gymnasium.make("own/Reach-v0", fault=fault, disable_env_checker=True)
    with pytest.raises(ContractError, match=message):
        evaluated(env=env)
    assert "\n" not in message


def test_non_finite_observations_are_failures_with_environment_and_key():
    assert set(FAULTS) >= {"nan"}
    found = evaluated(env=gymnasium.make("own/Reach-v0", fault="nan", disable_env_checker=True))
    assert {row["failure"] for row in found.rows} == {"non-finite observation 'state' of own/Reach-v0"}
    assert found.notes[0].startswith("5 of 5 episodes failed: non-finite observation 'state' of own/Reach-v0 (5)")


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda a: a.tolist(), r"Oracle.act must return a tensor \(1, K, \*\(4,\)\), got a list"),
        (lambda a: None, "got a NoneType"), (lambda a: a[0], r"got \(1, 4\)"),
        (lambda a: a[..., :2], r"got \(1, 1, 2\)"),
    ],
)  # fmt: skip
def test_what_act_must_return_is_said(answer, message):
    with pytest.raises(ContractError, match=message):
        evaluated(Oracle(answer))


def test_a_policy_that_cannot_act_is_refused_at_once():
    class Half:
        observe = execute = 1

    with pytest.raises(ContractError, match="Half is not a policy: it lacks act, reset"):
        evaluated(Half())


def test_an_episode_that_fails_before_its_first_step_is_the_worst_of_a_rate():
    metrics = (*SUCCESS, sp.Metric("lost", "rate", "lower", "any", key="success"))
    found = evaluated(Oracle(lambda action: action * torch.nan), metrics=metrics)
    assert (found["success"].k, found["lost"].k, found["lost"].n) == (0, 5, 5)
    assert found.notes[0] == "5 of 5 episodes failed: non-finite action (5)"


@pytest.mark.parametrize(
    "request_", [{"seed": -1}, {"seed": 1.5}, {"episodes": 0}, {"episodes": -1}, {"episodes": 2.5}, {"seed": True}]
)
def test_misuse_is_one_line(request_):
    name = next(iter(request_))
    with pytest.raises(UsageError, match=rf"^{name} must be a whole number from \d on, got "):
        evaluated(**{"episodes": 2, **request_})


def test_misuse_of_run_is_one_line():
    with pytest.raises(UsageError, match="workers must be a whole number from 0 on, got -3"):
        sp.run("toy", workers=-3)
    with pytest.raises(UsageError, match="until must be one of collect, fit, evaluate, report, got 'nope'"):
        sp.run("toy", until="nope")


def test_each_variant_of_a_task_is_evaluated():
    task = sp.Task("reach", "own/Reach-v0", "", SUCCESS, variants=({"limit": 1.0}, {"limit": 0.001}))
    found = evaluate_policy(Oracle(), lambda variant: reach(**task.variants[variant]), task, episodes=6, seed=0)
    assert [row["success"] for row in found.rows][::2] == [1.0, 1.0, 1.0]
    assert sum(row["success"] for row in found.rows[1::2]) < 3


def test_what_was_not_measured_lowers_n():
    values = [1.0, 0.0, np.nan, 1.0]
    assert estimate(values, "rate") == wilson(2, 3)
    assert estimate(values, "mean").n == 3
    assert str(estimate([np.nan], "mean")) == str(estimate([np.nan], "rate")) == "not measured (n=0)"
    one = bootstrap([0.5])
    assert (one.value, one.n, str(one)) == (0.5, 1, "0.5 (n=1, no interval)")
    assert np.isnan([one.low, one.high]).all()
