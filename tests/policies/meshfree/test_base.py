"""A problem that is given is solved once, and is a function afterwards; one that is drawn is solved as it comes."""

from __future__ import annotations

import pytest
import torch

import simplatform as sp
from simplatform.errors import ConfigError, ContractError
from simplatform.pipeline.environments import make_env, signature_of
from simplatform.policies.meshfree.base import student
from simplatform.policies.meshfree.pinn import PINN, PINNConfig
from simplatform.recipes import find_task
from tests.policies.meshfree.cases import HEAT, environment

FAST = {"policy.adam": 0, "policy.lbfgs": 0, "policy.natural": 25, "policy.width": 10, "policy.depth": 2,
        "policy.inside": 60, "policy.outside": 15, "task.opponents": False}  # fmt: skip


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pde")
    (folder / "mine.toml").write_text(HEAT)
    return sp.run("pinn", "pde-free", settings={**FAST, "env.file": str(folder / "mine.toml")}, output=folder)


def test_the_run_is_a_function_of_points(run):
    points = torch.rand(20, 2, dtype=torch.float64) * torch.tensor([1.0, 0.5])
    expected = torch.sin(torch.pi * points[:, :1]) * torch.exp(-0.2 * torch.pi**2 * points[:, 1:])
    found = sp.load(run.path)(points.tolist())
    torch.testing.assert_close(torch.from_numpy(found), expected, atol=2e-2, rtol=0)


def test_seconds_count_the_solve_and_a_converged_run_doubts_nothing(run):
    policy = sp.load(run.path)
    assert policy.solved.seconds > 0
    assert run.summary["seconds"]["value"] >= policy.solved.seconds
    assert run.summary["splits"]["test"]["notes"] == []


def test_a_run_that_did_not_converge_says_so_first(tmp_path):
    (tmp_path / "mine.toml").write_text(HEAT)
    settings = {**FAST, "env.file": str(tmp_path / "mine.toml"), "policy.natural": 1}
    run = sp.run("pinn", "pde-free", settings=settings, output=tmp_path)
    assert "NOT CONVERGED" in run.summary["splits"]["test"]["notes"][0]
    assert run.sentence.startswith("Not to be relied on (1 of 1 episodes: NOT CONVERGED")
    assert (run.path / "CARD.md").read_text().splitlines()[2].startswith("Not to be relied on")


def test_drawn_parameters_are_solved_for_in_the_episode(tmp_path):
    env = environment(tmp_path, parameters={"k": [0.1, 0.4]})
    config = {key.partition(".")[2]: value for key, value in FAST.items() if key.startswith("policy.")}
    torch.manual_seed(0)
    policy = PINN(PINNConfig(**config), signature_of(env))
    policy.fit([], validation=[], progress=lambda *_, **__: None)
    assert policy.solved is None
    found = sp.evaluate(policy, env, episodes=2)
    assert found["error"].value < 0.02
    assert policy.seconds_before == 0
    assert found["seconds"].value > 0.05


def test_another_environment_is_refused():
    from simplatform.contracts import Signature

    with pytest.raises(ContractError, match="points"):
        PINN(PINNConfig(), Signature({"state": (3,)}, (3,)))
    with pytest.raises(ConfigError, match="declares no PDE"):
        PINN(PINNConfig(), Signature({"points": (3, 2), "parameters": (0,)}, (3,)))


def test_an_unknown_parameter_is_found_from_sensors_with_its_interval():
    env = make_env(find_task("pde/conductivity"), "test")
    config = {key.partition(".")[2]: value for key, value in FAST.items() if key.startswith("policy.")}
    torch.manual_seed(0)
    policy = PINN(PINNConfig(**{**config, "natural": 24, "ensemble": 3}), signature_of(env))
    policy.fit([], validation=[], progress=lambda *_, **__: None)
    assert policy.solved is None
    found = sp.evaluate(policy, "pde/conductivity", episodes=1)
    assert found["parameter_error"].value < 0.1
    value, low, high = policy.told[0].tolist()
    assert low < value < high
    assert high - low < 0.5 * value
    assert student(4) == pytest.approx(2.776, abs=1e-3)
