"""The prediction environment: Gymnasium's rules, the truth, and a score that means what it says."""

from __future__ import annotations

import numpy as np
import pytest

import simplatform as sp
from simplatform.envs.dynamics.prediction import PredictionEnv, TruthExpert
from simplatform.envs.dynamics.systems import LORENZ63, find_system
from simplatform.envs.dynamics.truth import attractor_scale, trajectory
from simplatform.errors import SolverError, UnknownName
from simplatform.pipeline.shards import play
from simplatform.recipes import find_task
from simplatform.testing import check_env


@pytest.fixture(scope="module")
def env():
    return PredictionEnv(steps=300)


def test_rules(env):
    check_env(env)


def test_expert_is_exact_for_the_whole_episode(env):
    result = play(TruthExpert(env), env, find_task("lorenz"), "test", seed=0, episode=0)
    metrics = result.episode.metrics
    assert metrics["valid_prediction_time"] == pytest.approx(300 * 0.01 * 0.9056)
    assert metrics["error_50"] == metrics["error_200"] == 0.0
    assert len(result.episode) == 300


def test_score_is_the_time_of_the_first_loss(env):
    env.reset(seed=1)
    for step in range(60):
        offset = env.scale * (0.39 if step < 40 else 0.41)
        _, _, _, _, info = env.step(env.truth[env.window + step] + offset)
    assert info["valid_prediction_time"] == pytest.approx(40 * 0.01 * 0.9056)
    assert info["error_50"] == pytest.approx(0.41)
    assert info["error_100"] is None  # not reached yet: not measured


@pytest.mark.parametrize("action", [np.nan, np.inf, 1e300])
def test_a_lost_prediction_is_reported_data(env, action):
    env.reset(seed=1)
    _, reward, terminated, truncated, info = env.step(np.full(3, action))
    assert (terminated, truncated, info["diverged"]) == (True, False, 1.0)
    assert np.isfinite([reward, *info.values()]).all()


def test_truth_converges_with_the_tolerance_and_blow_up_is_named():
    times = np.linspace(0, 5, 6)
    start = np.array([1.0, 2.0, 20.0])
    from scipy.integrate import solve_ivp

    other = solve_ivp(LORENZ63.field(), (0, 5), start, "LSODA", times, rtol=1e-12, atol=1e-13).y.T
    np.testing.assert_allclose(trajectory(LORENZ63, start, times), other, atol=1e-6)
    from dataclasses import replace

    explosive = replace(LORENZ63, rhs=lambda t, x, p: x**3)
    with np.errstate(all="ignore"), pytest.raises(SolverError, match="cannot be integrated beyond"):
        trajectory(explosive, start, times)


def test_fixed_points_of_lorenz_are_fixed():
    c = np.sqrt(8 / 3 * 27)
    for point in ([0, 0, 0], [c, c, 27], [-c, -c, 27]):
        np.testing.assert_allclose(LORENZ63.field()(0.0, np.array(point, float)), 0, atol=1e-12)


def test_attractor_scale_is_the_known_one():
    # Standard deviations of the attractor: x and y are mirror images of nearly equal spread, z is a little wider
    np.testing.assert_allclose(attractor_scale("lorenz63"), (7.9, 9.0, 8.6), rtol=0.06)


def test_unknown_system():
    with pytest.raises(UnknownName, match=r"Did you mean .*lorenz63"):
        find_system("lorenz36")


def test_run_reports_a_prediction(tmp_path):
    settings = {"steps": 0, "varpro_steps": 4, "episodes": 2}
    run = sp.run("stnn", settings=settings, output=tmp_path / "runs")
    assert run.summary["valid_prediction_time"]["value"] > 2  # Lyapunov times; persistence reaches 0.06
    assert "Prediction</h2>" in run.report.read_text()
