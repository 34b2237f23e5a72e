"""Environments made of recorded data: forecasts of a user's trajectories, predictions of a user's series."""

from __future__ import annotations

import numpy as np
import pytest

from simplatform.envs.dynamics.own import RecordedForecastEnv, SeriesEnv
from simplatform.errors import DataError
from simplatform.testing import check_env
from tests.envs.dynamics.recorded_cases import waves


@pytest.fixture
def npz(tmp_path):
    states, times = waves()
    np.savez(tmp_path / "waves.npz", X=states, t=times)
    return str(tmp_path / "waves.npz")


def test_parts_do_not_share_answers(npz):
    states, _ = waves()
    envs = {part: RecordedForecastEnv(npz, 2, part) for part in ("train", "validation", "test")}
    for env in envs.values():
        check_env(env)
    answers = {part: env.draw()[-1] for part, env in envs.items()}
    np.testing.assert_array_equal(answers["test"], states[2, 4])
    np.testing.assert_array_equal(answers["validation"], states[2, 3])
    shown = envs["test"].draw()[:-1]
    np.testing.assert_array_equal(shown, states[2, :3])
    assert len(RecordedForecastEnv(npz, 2, "test", support=1).draw()) == 2


def test_a_series_is_cut_into_three_parts(tmp_path):
    t = 0.5 * np.arange(200)
    np.savez(tmp_path / "s.npz", x=np.sin(t), t=t)
    path = str(tmp_path / "s.npz")
    parts = {part: SeriesEnv(path, window=4, part=part) for part in ("train", "validation", "test")}
    assert {part: env.steps + 4 for part, env in parts.items()} == {"train": 140, "validation": 30, "test": 30}
    assert parts["test"].dt == pytest.approx(0.5)
    check_env(parts["test"])
    with pytest.raises(DataError, match=r"30 samples of 200, too few for env.window=30"):
        SeriesEnv(path, window=30)
    env = SeriesEnv(path, window=4, steps=5)
    starts = {tuple(env.reset(seed=seed)[0]["window"][:, 0]) for seed in range(20)}
    assert len(starts) > 5


def test_fields_keep_their_shape(tmp_path):
    states = np.random.default_rng(0).normal(size=(2, 4, 5, 1, 6, 6))
    np.savez(tmp_path / "fields.npz", X=states, t=np.arange(5.0))
    env = RecordedForecastEnv(str(tmp_path / "fields.npz"), 1)
    check_env(env)
    assert env.action_space.shape == (5, 1, 6, 6)
    np.testing.assert_array_equal(env.draw()[-1], states[1, -1])
