"""NeuralStagger: a fine field as s^d coarse ones, and one network for each of several frames ahead."""

from __future__ import annotations

import gymnasium
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from simplatform.policies.fields.stagger import shuffled, unshuffled
from simplatform.testing import check_policy
from tests.policies.fields.plane_cases import METHODS, N, batch, built, recorded


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
