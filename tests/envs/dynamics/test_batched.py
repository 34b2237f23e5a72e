"""Many trajectories at once are those of SciPy one by one."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from simplatform.envs.dynamics.batched import field_of, integrate, integrate_rows
from simplatform.envs.dynamics.forecast import ForecastEnv
from simplatform.envs.dynamics.prediction import PredictionEnv
from simplatform.envs.dynamics.systems import find_system
from simplatform.errors import SolverError


@pytest.mark.parametrize("name", ["lorenz63", "rossler", "double-pendulum", "lotka-volterra"])
def test_each_row_is_what_scipy_gives_alone(name):
    system, random = find_system(name), np.random.default_rng(0)
    starts = np.stack([system.initial(random) for _ in range(4)])
    times = system.dt * np.arange(100) * np.array([[1.0], [0.5], [2.0], [1.0]])
    found = integrate(field_of(system), starts, times, 1e-10, 1e-12)
    for row, start in enumerate(starts):
        span = (0.0, times[row, -1])
        alone = solve_ivp(system.field(), span, start, "DOP853", times[row], rtol=1e-10, atol=1e-12).y.T
        np.testing.assert_allclose(found[row], alone, rtol=1e-9, atol=1e-10)
    two = integrate(field_of(system), starts[[3, 1]], times[[3, 1]], 1e-10, 1e-12)
    np.testing.assert_allclose(two, found[[3, 1]], rtol=1e-11, atol=1e-12)


def test_a_field_of_single_states_is_asked_row_by_row():
    pytest.importorskip("dysts", reason="pip install 'simplatform[dynamics]'")
    system = find_system("dysts/Halvorsen")
    x = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_allclose(field_of(system)(x), np.stack([system.field()(0.0, row) for row in x]))


def test_what_runs_away_is_named():
    with pytest.raises(SolverError, match=r"boom cannot be integrated beyond t = 1: the step size"):
        integrate(lambda x: x**2, np.ones((2, 1)), np.array([[0.0, 2.0]] * 2), 1e-10, 1e-12, "boom")


@pytest.mark.parametrize("kwargs", [{}, {"noise": 0.01, "observed": [0]}, {"system": "rossler"}])
def test_environments_reset_and_step_together_as_alone(kwargs):
    alone, joint = ([PredictionEnv(steps=60, **kwargs) for _ in range(3)] for _ in range(2))
    firsts = PredictionEnv.reset_all(joint, [1, 2, 3], [None] * 3)
    for seed, (env, (observation, info)) in enumerate(zip(alone, firsts, strict=True), start=1):
        wanted, _ = env.reset(seed=seed)
        np.testing.assert_allclose(observation["window"], wanted["window"], rtol=1e-8)
        assert info == {}
    for step in range(60):
        actions = [env.truth[env.window + step] + 0.0103 * env.scale * step for env in alone]
        answers = PredictionEnv.step_all(joint, actions)
        for env, action, answer in zip(alone, actions, answers, strict=True):
            observation, reward, *ends, info = env.step(action)
            np.testing.assert_allclose(answer[0]["window"], observation["window"])
            assert answer[1] == pytest.approx(reward, abs=1e-6)
            assert list(answer[2:4]) == ends
            assert answer[4].pop("error") == pytest.approx(info.pop("error"), abs=1e-6)
            assert answer[4] == pytest.approx(info, abs=1e-6)


@pytest.mark.parametrize("family", ["odebench-4", "selkov", "lotka-volterra"])
def test_families_begin_together_as_alone(family):
    alone, joint = ([ForecastEnv(family, number, support=2) for number in (0, 7, 3, 6)] for _ in range(2))
    for env, other, (shown, _) in zip(
        alone, joint, ForecastEnv.reset_all(joint, [1, 2, 3, 4], [None] * 4), strict=True
    ):
        wanted, _ = env.reset(seed=1 + alone.index(env))
        for key, value in wanted.items():
            np.testing.assert_allclose(shown[key], value, rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(other.truth, env.truth, rtol=1e-7, atol=1e-9)


def test_fields_in_time_and_by_row_are_those_of_scipy():
    field = lambda t, x, rows: np.cos(t[:, None] * (1 + rows[:, None])) * x  # noqa: E731
    times = np.tile(np.linspace(0, 3, 7), (3, 1))
    found = integrate_rows(field, np.ones((3, 1)), times, 1e-10, 1e-12)[..., 0]
    frequency = 1 + np.arange(3)[:, None]
    np.testing.assert_allclose(found, np.exp(np.sin(frequency * times) / frequency), rtol=1e-8)
