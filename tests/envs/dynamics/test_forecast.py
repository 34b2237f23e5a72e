"""The forecasting environment: rules, exact experts, splits that are what they say."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.dynamics.families import find_family
from simplatform.envs.dynamics.forecast import CAP, ForecastEnv, IntegratorExpert, errors
from simplatform.envs.dynamics.systems import LOTKA_VOLTERRA
from simplatform.envs.dynamics.truth import trajectory
from simplatform.errors import ConfigError, UnknownName
from simplatform.pipeline.shards import play
from simplatform.recipes import find_task
from simplatform.testing import check_env


def test_rules():
    check_env(ForecastEnv(support=2))


def test_the_expert_is_exact():
    env = ForecastEnv(environment=4)
    result = play(IntegratorExpert(env), env, find_task("lotka-volterra"), "test", seed=0, episode=4)
    assert result.episode.metrics == {"mse": 0.0, "relative_mse": 0.0, "mape": 0.0}
    assert result.episode.infos["environment"][0] == 4.0


def test_lotka_volterra_conserves_its_invariant():
    p = {**LOTKA_VOLTERRA.parameters, "beta": 1.0, "delta": 0.5}
    x = trajectory(LOTKA_VOLTERRA, np.array([1.3, 1.7]), np.linspace(0, 40, 81), beta=1.0, delta=0.5)
    invariant = p["delta"] * x[:, 0] - p["gamma"] * np.log(x[:, 0]) + p["beta"] * x[:, 1] - p["alpha"] * np.log(x[:, 1])
    np.testing.assert_allclose(invariant, invariant[0], rtol=0, atol=1e-8)


def test_out_of_distribution_parameters_are_not_trained_on():
    family = find_family("lotka-volterra")
    assert len(family.train) == 9
    assert len(family.ood) == 4
    assert not [p for p in family.ood if p in family.train]
    assert ForecastEnv(environment=1, ood=True).parameters == {"beta": 0.625, "delta": 1.125}


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
    assert errors(truth * np.nan, truth) == {"mse": CAP, "relative_mse": CAP, "mape": CAP}


def test_bad_requests_are_named():
    with pytest.raises(UnknownName, match="Did you mean lotka-volterra"):
        ForecastEnv(family="lotka-voltera")
    with pytest.raises(ConfigError, match=r"env.support must be at least 1, got 0"):
        ForecastEnv(support=0)
