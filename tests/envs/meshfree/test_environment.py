"""The environment: what it shows, what it scores, and that the truth is scored as none can be better."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

from simplatform.envs.meshfree.environment import WORST, PdeProblem
from simplatform.errors import ConfigError
from simplatform.plugin_host.host import get_host
from tests.envs.meshfree.cases import BURGERS, PLATE


@pytest.fixture(autouse=True)
def registered():
    get_host().register_environments()


def test_it_is_an_environment():
    check_env(gymnasium.make("simplatform/PdeProblem-v0", points=64).unwrapped, skip_render_check=True)


def test_the_truth_has_no_error_and_nothing_finite_is_lost():
    env = PdeProblem(points=64)
    env.reset(seed=0)
    _, _, ended, _, info = env.step(env.solution)
    assert (info["error"], info["largest_error"], info["solved"], ended) == (0, 0, 1, True)
    assert env.step(env.solution * 0)[4]["error"] == pytest.approx(1)
    assert env.step(env.solution * np.nan)[4] == {
        "error": WORST, "largest_error": WORST, "solved": 0.0, "residual": WORST, "sides": WORST,
    }  # fmt: skip


def test_parameters_with_ranges_are_drawn_and_given_ones_leave_one_episode():
    assert PdeProblem(points=64).metadata["simplatform"]["episodes"] == 1
    env = PdeProblem(points=64, parameters={"k": [1.0, 2.0]})
    assert "episodes" not in env.metadata["simplatform"]
    drawn = [env.reset(seed=seed)[0]["parameters"][0] for seed in (0, 0, 1)]
    assert drawn[0] == drawn[1] != drawn[2]
    with pytest.raises(ConfigError, match="no parameter 'q'"):
        PdeProblem(parameters={"q": 1.0})


def test_a_file_says_what_was_understood(tmp_path):
    (tmp_path / "mine.toml").write_text(BURGERS)
    said = PdeProblem(file=str(tmp_path / "mine.toml"), points=64).metadata["simplatform"]["said"]
    assert said[0] == "u of x in [0, 1] × t in [0, 1]; 1 parameters"
    assert "truth: exact" in said[-1]


def test_sensors_read_the_truth_with_noise_and_what_is_sought_is_scored_and_not_shown():
    env = PdeProblem("conductivity", points=64)
    observation, _ = env.reset(seed=3)
    assert observation["parameters"][0] == pytest.approx(0.275)
    places, read = observation["sensors"][:, :2], observation["sensors"][:, 2:]
    truth = env.truth.at(places, env.pde.values(env.drawn))
    assert 0 < np.abs(read - truth).mean() < 0.1 * truth.std()
    k = env.drawn["k"]
    for told, error, covered in (([k, k, k], 0, 1), ([1.1 * k, 1.05 * k, 2 * k], 0.1, 0)):
        info = env.step(np.concatenate([env.solution, np.tile(told, (len(env.points), 1))], 1))[4]
        assert (info["error"], info["covered"]) == (0, covered)
        assert info["parameter_error"] == pytest.approx(error, abs=1e-12)


def test_without_a_truth_errors_are_not_measured_and_what_is_left_is(tmp_path):
    (tmp_path / "plate.toml").write_text(PLATE)
    env = PdeProblem(file=str(tmp_path / "plate.toml"), points=64)
    assert "not known" in env.metadata["simplatform"]["said"][-1]
    env.reset(seed=0)
    info = env.step(np.sin(np.pi * env.points).prod(1, keepdims=True))[4]
    assert np.isnan(info["error"])
    assert np.isnan(info["largest_error"])
    assert max(info["residual"], info["sides"]) < 1e-3
