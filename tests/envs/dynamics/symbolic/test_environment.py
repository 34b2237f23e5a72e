"""The symbolic task: the true answer is perfect, wrong words are judged, batches and single episodes are the same."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from scipy.integrate import solve_ivp

from simplatform.envs.dynamics.symbolic.environment import SymbolicEnv
from simplatform.envs.dynamics.symbolic.families import FAMILIES
from simplatform.envs.dynamics.symbolic.polish import NUMBER
from simplatform.errors import ConfigError, DataError


@pytest.mark.filterwarnings("ignore")
def test_the_true_answer_is_perfect_and_it_is_an_environment():
    check_env(env := SymbolicEnv(points=4, queries=4), skip_render_check=True)
    env.reset(seed=1)
    info = env.step(env.answer())[4]
    assert (info["relative_l2"], info["parsed"], info["equation_error"]) == (0.0, 1.0, 0.0)
    assert [one.free_symbols for one in env.read(env.answer()[12:])] == [one.free_symbols for one in env.system]


def test_episodes_together_are_those_alone_and_follow_their_equations():
    envs = [SymbolicEnv(points=4, queries=4) for _ in range(6)]
    together = SymbolicEnv.reset_all(envs, list(range(6)), [None] * 6)
    alone, _ = SymbolicEnv(points=4, queries=4).reset(seed=3)
    for name, value in alone.items():
        np.testing.assert_allclose(together[3][0][name], value, rtol=1e-5, atol=1e-6)
    env = envs[2]
    family = FAMILIES[env.family]
    times = np.concatenate([env.times, env.queries])
    path = solve_ivp(lambda _, x: family.field(x, env.parameters), (0, 6), env.start, "DOP853", times, rtol=1e-9).y.T
    np.testing.assert_allclose(env.path, path, rtol=1e-3, atol=1e-4)


def test_the_shown_equation_has_no_numbers_and_is_sometimes_wrong():
    envs = [SymbolicEnv(points=2, queries=2, doubt=0.5) for _ in range(8)]
    shown = SymbolicEnv.reset_all(envs, list(range(8)), [None] * 8)
    words = [[env.words[int(n)] for n in one["prompt"]] for env, (one, _) in zip(envs, shown, strict=True)]
    assert not any(word.startswith("N") for row in words for word in row)
    assert any(NUMBER in row for row in words)
    sure = [SymbolicEnv(points=2, queries=2, doubt=0.0) for _ in range(8)]
    right = SymbolicEnv.reset_all(sure, list(range(8)), [None] * 8)
    changed = [not np.array_equal(a["prompt"], b["prompt"]) for (a, _), (b, _) in zip(shown, right, strict=True)]
    assert sum(changed) > 3


def test_wrong_words_and_states_are_judged():
    env = SymbolicEnv(points=2, queries=2)
    env.reset(seed=0)
    answer = env.answer()
    for wrong in (np.nan, 5000.0, float(env.places["add"])):
        bad = answer.copy()
        bad[8] = wrong
        info = env.step(bad)[4]
        assert (info["parsed"], info["equation_error"]) == (0.0, None)
    bad = answer.copy()
    bad[:6] = np.nan
    assert env.step(bad)[4]["relative_l2"] == 1e3
    two = env.answer()[6:]
    bar = int(np.flatnonzero(two == env.places["|"])[-1])
    two[bar:] = env.places["<end>"]
    with pytest.raises(DataError, match="got 2"):
        env.read(two)


def test_settings_that_cannot_be_are_refused():
    with pytest.raises(ConfigError, match="families"):
        SymbolicEnv(families=["lorenz"])
    with pytest.raises(ConfigError, match="points"):
        SymbolicEnv(points=1)
