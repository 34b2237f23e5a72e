"""The prediction environment: Gymnasium's rules, the truth, and a score that means what it says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import simplatform as sp
from simplatform.envs.dynamics.prediction import PredictionEnv, TruthExpert
from simplatform.envs.dynamics.systems import LORENZ63, find_system
from simplatform.envs.dynamics.truth import attractor_scale, settled, trajectory
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


def test_a_start_is_that_of_its_seed_on_any_machine():
    """A last digit, here of the first state, decides where 40 Lyapunov times of burn-in end, but not where ours do."""
    system = replace(LORENZ63, burn_in=45.0, name="long")
    first = system.initial(np.random.default_rng(0))
    other = first * (1 + 4 * np.finfo(float).eps)
    plain = [trajectory(system, start, np.array([0.0, 45.0]))[-1] for start in (first, other)]
    assert np.abs(plain[0] - plain[1]).max() > 1e-3
    ours = [settled(system, start, 45.0) for start in (first, other)]
    np.testing.assert_array_equal(*ours)
    assert settled(system, first, 0.0) is first
    short = settled(LORENZ63, first, 10.0)
    np.testing.assert_array_equal(short, trajectory(LORENZ63, first, np.array([0.0, 10.0]))[-1])


def test_truth_converges_with_the_tolerance_and_blow_up_is_named():
    times = np.linspace(0, 5, 6)
    start = np.array([1.0, 2.0, 20.0])
    from scipy.integrate import solve_ivp

    other = solve_ivp(LORENZ63.field(), (0, 5), start, "LSODA", times, rtol=1e-12, atol=1e-13).y.T
    np.testing.assert_allclose(trajectory(LORENZ63, start, times), other, atol=1e-6)

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
    settings = {"steps": 0, "varpro_steps": 4, "episodes": 2, "task.opponents": False}
    run = sp.run("stnn", settings=settings, output=tmp_path / "runs")
    assert run.summary["valid_prediction_time"]["value"] > 2  # Lyapunov times; persistence reaches 0.06
    assert "Prediction</h2>" in run.report.read_text()
