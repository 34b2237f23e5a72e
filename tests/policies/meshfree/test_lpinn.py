"""LPINN: fast convection in seconds, and what it refuses."""

from __future__ import annotations

import pytest
import torch

import simplatform as sp
from simplatform.errors import ContractError
from simplatform.pipeline.environments import make_env, signature_of
from simplatform.policies.meshfree.lpinn import LPINN, LPINNConfig
from simplatform.recipes import find_task

FAST = {"natural": 20, "width": 8, "inside": 60, "outside": 30}


def test_it_follows_what_a_plain_network_loses():
    env = make_env(find_task("pde/convection"))
    policy = LPINN(LPINNConfig(**FAST), signature_of(env))
    policy.fit([], validation=[], progress=lambda *_, **__: None)
    assert policy.doubts == ()
    assert sp.evaluate(policy, env, episodes=1)["error"].value < 0.05


@pytest.mark.parametrize("task", ["pde/helmholtz", "pde/heat", "pde/advected-gaussian"])
def test_other_problems_are_refused(task):
    with pytest.raises(ContractError, match="one periodic direction"):
        LPINN(LPINNConfig(), signature_of(make_env(find_task(task))))


def test_labels_begin_apart_however_fast_they_are_carried():
    policy = LPINN(LPINNConfig(**FAST), signature_of(make_env(find_task("pde/moving-waves"))))
    policy.solution.prepare()
    assert float(policy.solution.speed) == pytest.approx(50)
    slopes = policy.solution.path(policy.solution._spread(256))[0,]
    torch.testing.assert_close(slopes, torch.ones(256, dtype=torch.float64))


def test_waves_that_spread_as_well_are_followed():
    env = make_env(find_task("pde/moving-waves"))
    policy = LPINN(LPINNConfig(**{**FAST, "inside": 100}), signature_of(env))
    policy.fit([], validation=[], progress=lambda *_, **__: None)
    assert sp.evaluate(policy, env, episodes=1)["error"].value < 0.2
