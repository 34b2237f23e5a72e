"""Vector environments: masks, keywords that differ, and workers that die."""

from __future__ import annotations

import os
import signal

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from simplatform.errors import ConfigError, UsageError
from simplatform.pipeline import vector as vectors
from simplatform.pipeline.vector import TogetherVector, keywords_of, vector_env

LORENZ = {"steps": 4, "window": 2}


def actions(vector, value=0.0):
    return np.full(vector.action_space.shape, value)


def test_what_differs_is_told_for_each():
    assert keywords_of(2, {"a": [1, 2]}, {"b": 3}) == [{"b": 3, "a": 1}, {"b": 3, "a": 2}]
    vector = vector_env("simplatform/Forecast-v0", 3, each={"environment": [0, 2, 5]}, support=1)
    shown, _ = vector.reset(seed=[7, 7, 7])
    for row, number in enumerate((0, 2, 5)):
        env = gymnasium.make("simplatform/Forecast-v0", environment=number, support=1)
        alone, _ = env.reset(seed=7)
        np.testing.assert_allclose(shown["support"][row], alone["support"], rtol=1e-8, atol=1e-10)
    with pytest.raises(ConfigError, match="a value for each of 3 environments"):
        vector_env("simplatform/Forecast-v0", 3, each={"environment": [0]})


def test_only_what_is_asked_for_is_reset():
    vector = vector_env("simplatform/Prediction-v0", 3, autoreset_mode=AutoresetMode.DISABLED, **LORENZ)
    first, _ = vector.reset(seed=1)
    for _ in range(4):
        *_, truncated, _ = vector.step(actions(vector))
    assert truncated.all()
    with pytest.raises(UsageError, match=r"environments \[0, 1, 2\] have ended"):
        vector.step(actions(vector))
    options = {"reset_mask": np.array([True, False, True])}
    shown, _ = vector.reset(seed=[1, 2, 3], options=options)
    assert "reset_mask" in options
    np.testing.assert_allclose(shown["window"][[0, 2]], first["window"][[0, 2]])
    assert not shown["window"][1].any()  # its last one: what was said
    for wrong in ([True, False, True], np.zeros(3, bool), np.ones(2, bool)):
        with pytest.raises(UsageError, match="reset_mask must be 3 truth values"):
            vector.reset(options={"reset_mask": wrong})
    with pytest.raises(UsageError, match="a seed for each of 3"):
        vector.reset(seed=[1])


def test_a_worker_that_dies_costs_its_episodes_only():
    mode = AutoresetMode.SAME_STEP
    vector = vector_env("simplatform/Prediction-v0", 3, workers=2, autoreset_mode=mode, **LORENZ)
    assert isinstance(vector, TogetherVector)
    first, _ = vector.reset(seed=[4, 5, 6])
    vector.step(actions(vector))
    dead = vector.envs[0].home
    os.kill(dead.worker.process.pid, signal.SIGKILL)
    *_, truncated, infos = vector.step(actions(vector))
    mine = np.array([env.home is dead for env in vector.envs])
    assert mine.tolist() == [True, False, True]
    np.testing.assert_array_equal(truncated, mine)
    np.testing.assert_array_equal(infos["final_info"]["lost"], mine)
    again, _ = vector.reset(seed=[4, 5, 6])
    np.testing.assert_array_equal(again["window"], first["window"])
    assert np.isfinite(vector.step(actions(vector))[1]).all()
    vector.close()


def test_an_entry_point_is_named_by_its_id():
    with pytest.raises(AttributeError, match="has no 'nothing'"):
        vectors.nothing  # noqa: B018
    assert gymnasium.spec("simplatform/Prediction-v0").vector_entry_point.endswith("vector:simplatform/Prediction-v0")
