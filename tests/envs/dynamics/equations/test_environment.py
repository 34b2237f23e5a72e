"""Equations as an environment and a task: the truth is that of their system, stiff ones too."""

from __future__ import annotations

import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import simplatform as sp
from simplatform.envs.dynamics.equations import read_equations
from simplatform.envs.dynamics.equations.environment import EquationsEnv, environments, system_of
from simplatform.envs.dynamics.systems import LOTKA_VOLTERRA
from simplatform.envs.dynamics.truth import trajectory
from simplatform.errors import ConfigError
from tests.envs.dynamics.equations.conftest import TEXT


def test_a_file_gives_the_trajectories_of_its_system(mine):
    equations = read_equations(mine)
    (first, *_), beyond = equations.environments(False), equations.environments(True)
    assert 0.5 < first["beta"] < 1.0
    assert [round(p["beta"], 3) for p in beyond] == [0.425, 1.075]
    ours = trajectory(system_of(equations), np.array([1.5, 1.0]), equations.times(), **first)
    same = {"alpha": 0.5, "beta": first["beta"], "delta": first["beta"], "gamma": 0.5}
    np.testing.assert_allclose(ours, trajectory(LOTKA_VOLTERRA, np.array([1.5, 1.0]), equations.times(), **same))
    assert equations.field.latex()[0].startswith(r"\dot {x} =")
    assert (len(environments({"file": mine}).variants), environments({"file": mine}).episodes) == (3, 12)


def test_it_is_an_environment_and_a_task(mine, tmp_path):
    check_env(EquationsEnv(mine))
    quick = {"policy.degrees": [2], "task.opponents": False}
    run = sp.run("polynomial", "equations", settings={"env.file": mine, **quick}, output=tmp_path / "runs")
    assert run.summary["relative_mse"]["n"] == 12
    assert run.summary["relative_mse"]["value"] < 1e-10
    with pytest.raises(ConfigError, match=r"--set env.file=mine.toml"):
        sp.run("polynomial", "equations", output=tmp_path / "runs")


def test_a_stiff_system_is_integrated_with_its_jacobian(tmp_path):
    text = TEXT.replace('"alpha*x - beta*x*y"', '"-1e5*(x - cos(y))"').replace("samples", 'solver = "radau"\nsamples')
    (tmp_path / "stiff.toml").write_text(text.replace('"beta*x*y - 0.5*y"', '"1 + 0*alpha*beta"'))
    equations = read_equations(str(tmp_path / "stiff.toml"))
    path = trajectory(system_of(equations), np.array([1.0, 0.0]), equations.times(), **equations.environments(False)[0])
    np.testing.assert_allclose(path[1:, 0], np.cos(path[1:, 1]), atol=2e-5)
