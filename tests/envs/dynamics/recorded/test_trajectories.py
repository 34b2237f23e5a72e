"""Trajectories of several environments from a file, on one time grid for each environment."""

from __future__ import annotations

import numpy as np

from simplatform.envs.dynamics.own import RecordedForecastEnv
from simplatform.envs.dynamics.recorded import read_trajectories
from tests.envs.dynamics.recorded.dresses_cases import HEAD, pendulum, swings, table


def test_times_of_each_trajectory_are_brought_together(tmp_path):
    own = list(swings([50] * 6, 0.3))
    np.savez(tmp_path / "o.npz", X=np.stack([x for _, x in own]), t=np.stack([t for t, _ in own]))
    found = read_trajectories(str(tmp_path / "o.npz"))
    assert any("times of their own; resampled" in line for line in found.said)
    for number, states in enumerate(found.states[0]):
        np.testing.assert_allclose(states, pendulum(found.times[0], 0.3 + 0.2 * number), atol=2e-4)
    assert RecordedForecastEnv(str(tmp_path / "o.npz")).draw().shape[0] == 5


def test_longer_trajectories_are_cut_and_it_is_said(tmp_path):
    rows = [(n, *row) for n, (t, x) in enumerate(swings([50, 50, 44, 47, 50, 39])) for row in np.c_[t, x]]
    columns = list(zip(*rows, strict=True))
    path = table(tmp_path / "l.csv", ["trajectory", *HEAD], columns, forms=["%d", "%.6g", "%.12g", "%.12g"])
    found = read_trajectories(path)
    assert found.states.shape == (1, 6, 39, 2)
    np.testing.assert_allclose(found.states[0, 5], list(swings([39] * 6))[5][1], rtol=1e-9)
    assert any("39 to 50 samples; all are cut to 39" in line for line in found.said)
