"""Surrogates in two directions: each keeps the contract, and does what its paper says of it."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.contracts import Batch, Signature
from simplatform.demonstrations import Demonstrations, Episode
from simplatform.errors import ConfigError, ContractError
from simplatform.policies.fields.fno import FNO, FNOConfig
from simplatform.policies.fields.scot import ScOTConfig, ScOTPolicy
from simplatform.policies.fields.sinenet import SineNetConfig, SineNetPolicy
from simplatform.policies.fields.stagger import Stagger, StaggerConfig, shuffled, unshuffled
from simplatform.recipes import validate
from simplatform.testing import check_policy

N = 32
SIGNATURE = Signature(
    {"field": (2, N, N), "parameters": (1,)},
    (2, N, N),
    {"dt": 0.1, "problem": "burgers-2d", "parameters": ["viscosity"]},
)
METHODS = {
    "sinenet": (SineNetPolicy, SineNetConfig(waves=1, width=4, growth=1.2)),
    "fno": (FNO, FNOConfig(modes=4, width=4, layers=1)),
    "scot": (ScOTPolicy, ScOTConfig(leads=3, jump=2, width=8, depths=(1, 1), patch=4)),
    "stagger": (Stagger, StaggerConfig(width=8, multipliers=(1,))),
    "stagger-physics": (Stagger, StaggerConfig(width=8, multipliers=(1,), physics=0.1)),
}


def recorded(episodes=2, steps=4):
    random = np.random.default_rng(0)
    out = []
    for number in range(episodes):
        fields = random.normal(size=(steps + 1, 2, N, N)).astype(np.float32)
        given = np.full((steps + 1, 1), random.uniform(0.1, 0.2), np.float32)
        out.append(Episode({"field": fields, "parameters": given}, fields[1:], seed=number))
    return Demonstrations(out)


def built(name):
    policy, config = METHODS[name]
    torch.manual_seed(0)
    return policy(config, SIGNATURE)


def batch(policy, rows=2):
    field = torch.randn(rows, policy.observe, 2, N, N, generator=torch.Generator().manual_seed(0))
    actions = torch.randn(rows, policy.horizon, 2, N, N, generator=torch.Generator().manual_seed(1))
    return Batch({"field": field, "parameters": torch.full((rows, policy.observe, 1), 0.1)}, actions)


@pytest.mark.parametrize("name", METHODS)
def test_they_keep_the_contract(name):
    env = gymnasium.make("simplatform/Field-v0", problem="burgers-2d", points=N, steps=2)
    check_policy(built(name), env, recorded())


@pytest.mark.parametrize("name", METHODS)
def test_rows_of_a_batch_do_not_see_each_other(name):
    policy = built(name)
    policy.prepare(recorded())
    policy.eval()
    seen = batch(policy).observation
    both = policy.act(seen, generator=torch.Generator()).detach()
    alone = policy.act({k: v[:1] for k, v in seen.items()}, generator=torch.Generator()).detach()
    torch.testing.assert_close(both[:1], alone, rtol=1e-4, atol=1e-4)


@given(by=st.sampled_from([1, 2, 4]), dim=st.integers(1, 3), channels=st.integers(1, 3))
@settings(max_examples=20, deadline=None)
def test_taking_a_field_apart_and_together_is_exact(by, dim, channels):
    x = torch.randn(2, channels, *(8,) * dim)
    apart = unshuffled(x, by)
    assert apart.shape == (2, channels * by**dim, *(8 // by,) * dim)
    assert torch.equal(shuffled(apart, by), x)


def test_a_sub_grid_is_every_other_point():
    x = torch.arange(16.0).reshape(1, 1, 4, 4)
    apart = unshuffled(x, 2)
    assert torch.equal(apart[0, 0], x[0, 0, ::2, ::2])
    assert torch.equal(apart[0, 1], x[0, 0, ::2, 1::2])


def test_scot_learns_pairs_of_every_lead():
    policy = built("scot")
    policy.prepare(recorded())
    seen = []
    policy.network.register_forward_hook(lambda module, inputs, output: seen.append(inputs[1]))
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        policy.loss(batch(policy, rows=4), generator=generator)
    assert {round(float(lead) * 3) for lead in torch.cat(seen)} == {0, 1, 2, 3}
    seen.clear()
    policy.act(batch(policy).observation, generator=generator)
    assert [round(float(lead[0]) * 3) for lead in seen] == [1, 2]


def test_the_residual_of_the_truth_is_small_and_that_of_noise_is_not():
    env = gymnasium.make("simplatform/Field-v0", problem="burgers-2d", points=N, steps=2)
    seen, _ = env.reset(seed=0)
    policy = built("stagger-physics")
    policy.prepare(recorded())
    truth = torch.as_tensor(env.unwrapped.truth[1:3], dtype=torch.float32)[None]
    observation = {key: torch.as_tensor(value)[None, None] for key, value in seen.items()}
    exact = float(policy._residual(observation, truth))
    noisy = float(policy._residual(observation, truth + 0.1 * torch.randn(truth.shape)))
    assert exact < 1e-3
    assert noisy > 20 * exact


def test_grids_that_do_not_fit_are_named():
    line = Signature({"field": (1, 32), "parameters": (0,)}, (1, 32), {})
    with pytest.raises(ContractError, match="square grid"):
        ScOTPolicy(ScOTConfig(), line)
    small = Signature({"field": (1, 16, 16), "parameters": (0,)}, (1, 16, 16), {})
    with pytest.raises(ContractError, match="divisible by 16"):
        SineNetPolicy(SineNetConfig(), small)
    with pytest.raises(ContractError, match="divisible by 8"):
        Stagger(StaggerConfig(multipliers=(1, 2, 2)), Signature({"field": (1, 12), "parameters": (0,)}, (1, 12), {}))


def test_stages_that_do_not_agree_are_refused():
    with pytest.raises(ConfigError, match="as many as there are stages"):
        validate(ScOTConfig, {"depths": [2, 2, 2]}, "policy")
