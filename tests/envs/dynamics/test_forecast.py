"""The forecasting environment: rules, exact experts, splits that are what they say."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from simplatform.envs.dynamics.families import find_collection
from simplatform.envs.dynamics.forecast import CAP, ForecastEnv, IntegratorExpert, errors
from simplatform.envs.dynamics.systems import LOTKA_VOLTERRA, find_system
from simplatform.envs.dynamics.truth import trajectories, trajectory
from simplatform.errors import ConfigError, UnknownName
from simplatform.pipeline.shards import play
from simplatform.recipes import find_task
from simplatform.testing import check_env


def test_rules():
    check_env(ForecastEnv(support=2))


@pytest.mark.parametrize(("name", "shape"), [("gray-scott", (10, 2, 32, 32)), ("navier-stokes", (10, 1, 32, 32))])
def test_fields_have_the_shape_of_their_grid(name, shape):
    env = ForecastEnv(name, support=1)
    observation, _ = env.reset(seed=0)
    assert observation["support"].shape == (1, *shape)
    assert observation["initial"].shape == shape[1:]
    assert env.step(env.truth)[4]["relative_mse"] == 0
    doubled = env.step(2 * env.truth)[4]["relative_mse"]
    assert doubled == pytest.approx(1, abs=1e-3)


def test_the_expert_is_exact():
    env = ForecastEnv(environment=4)
    result = play(IntegratorExpert(env), env, find_task("lotka-volterra"), "test", seed=0, episode=4)
    assert result.episode.metrics == {"mse": 0.0, "relative_mse": 0.0, "mape": 0.0, "diverged": 0.0}
    assert result.episode.infos["environment"][0] == 4.0


def test_lotka_volterra_conserves_its_invariant():
    p = {**LOTKA_VOLTERRA.parameters, "beta": 1.0, "delta": 0.5}
    x = trajectory(LOTKA_VOLTERRA, np.array([1.3, 1.7]), np.linspace(0, 40, 81), beta=1.0, delta=0.5)
    invariant = p["delta"] * x[:, 0] - p["gamma"] * np.log(x[:, 0]) + p["beta"] * x[:, 1] - p["alpha"] * np.log(x[:, 1])
    np.testing.assert_allclose(invariant, invariant[0], rtol=0, atol=1e-8)


def test_out_of_distribution_parameters_are_not_trained_on():
    (family,) = find_collection("lotka-volterra")
    assert len(family.train) == 9
    assert len(family.ood) == 4
    assert not [p for p in family.ood if p in family.train]
    assert ForecastEnv(environment=1, ood=True).parameters == {"beta": 0.625, "delta": 1.125}


def test_known_solutions_of_odebench():
    t = np.linspace(0, 5, 11)
    harmonic = trajectory(find_system("odebench/harmonic"), np.array([1.0, 0.0]), t, c0=4.0)
    np.testing.assert_allclose(harmonic[:, 0], np.cos(2 * t), atol=1e-8)
    well = find_system("odebench/double-well").field()
    for point in ([0.0, 0.0], [1.0, 0.0], [-1.0, 0.0]):
        np.testing.assert_allclose(well(0.0, np.array(point)), 0, atol=1e-15)


def test_a_batch_is_as_exact_as_each_alone():
    system = find_system("odebench/van-der-pol")
    starts, times = np.random.default_rng(0).uniform(system.low, system.high, (6, 2)), np.linspace(0, 15, 20)
    alone = np.stack([trajectory(system, start, times) for start in starts])
    np.testing.assert_allclose(trajectories(system, starts, times), alone, atol=2e-8)


def test_labels_are_shown_only_when_asked_for():
    env = ForecastEnv("odebench-4", environment=7, support=1, labels=True)
    check_env(env)
    observation, _ = env.reset(seed=0)
    assert observation["labels"].tolist() == [1.0, 7.0]
    outside, _ = ForecastEnv("odebench-4", environment=7, support=1, labels=True, ood=True).reset(seed=0)
    assert outside["labels"].tolist() == [3.0, -1.0]
    _, _, _, _, info = env.step(env.truth)
    assert (info["family"], info["environment"], info["mse"]) == (1.0, 7.0, 0.0)
    assert "labels" not in ForecastEnv("odebench-4", support=1).reset(seed=0)[0]


def test_splits_draw_different_trajectories():
    starts = {}
    for split in ("train", "validation", "test", "ood"):
        task = find_task("lotka-volterra")
        env = ForecastEnv(**task.env_kwargs(split, 0))
        starts[split] = play(IntegratorExpert(env), env, task, split, seed=0, episode=0).episode.observations[
            "initial"
        ][0]
    assert len({tuple(start) for start in starts.values()}) == 4


def test_errors_follow_their_definitions():
    truth = np.array([[1.0, 2.0], [2.0, 4.0]])
    found = errors(truth * 1.1, truth)
    assert found["relative_mse"] == pytest.approx(0.01)
    assert found["mape"] == pytest.approx(0.1)
    assert found["mse"] == pytest.approx(0.01 * np.mean(truth**2))
    assert found["diverged"] == 0


def test_a_forecast_that_runs_away_is_reported_as_diverged_with_errors_that_end_somewhere():
    truth = np.stack([np.cos(np.arange(9.0)), np.sin(np.arange(9.0))], axis=1)
    lost = {"mse": CAP, "relative_mse": CAP, "mape": CAP, "diverged": 1.0}
    assert errors(truth * np.nan, truth) == lost
    assert errors(truth * 1e12, truth) == lost
    late = truth.copy()
    late[-1] *= 12
    assert errors(late, truth)["diverged"] == 1
    assert errors(-truth, truth)["diverged"] == 0  # wrong all the time, and yet not lost
    env = ForecastEnv()
    env.reset(seed=0)
    assert env.step(env.truth * np.exp(4 * env.times)[:, None])[4]["diverged"] == 1


def test_bad_requests_are_named():
    with pytest.raises(UnknownName, match="Did you mean lotka-volterra"):
        ForecastEnv(family="lotka-voltera")
    with pytest.raises(ConfigError, match=r"env.support must be at least 1, got 0"):
        ForecastEnv(support=0)


@settings(max_examples=40, deadline=None)
@given(arrays(np.float64, (2, 6, 3), elements=st.floats(-50, 50).map(lambda x: round(x, 6))), st.integers(-9, 9))
def test_errors_do_not_depend_on_the_unit(paths, power):
    unit, (predicted, truth) = 10.0**power, paths
    assume(np.abs(truth).max() > 1e-3)
    plain, scaled = errors(predicted, truth), errors(predicted * unit, truth * unit)
    assert scaled.pop("mse") == pytest.approx(plain.pop("mse") * unit**2, rel=1e-9)
    assert scaled == pytest.approx(plain, rel=1e-9)
