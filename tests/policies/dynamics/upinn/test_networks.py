"""The two networks: their slopes are those of autograd, F is none at first, and each weight has its place."""

from __future__ import annotations

import torch
from torch.func import jvp

from simplatform.policies.dynamics.upinn.networks import Networks


def test_the_slope_of_a_trajectory_is_its_derivative():
    nets = Networks(2, 3, 5, 4)
    weights = torch.randn(nets.size, dtype=torch.float64)
    times = torch.linspace(-1, 1, 7, dtype=torch.float64).repeat(2, 1)
    states, slopes = nets.states(weights, times)
    _, expected = jvp(lambda t: nets.states(weights, t)[0], (times,), (torch.ones_like(times),))
    torch.testing.assert_close(slopes, expected)
    assert states.shape == (2, 7, 3)


def test_the_hidden_term_is_nothing_at_first_and_depends_on_its_own_weights_alone():
    nets = Networks(1, 2, 6, 3)
    weights = nets.first(4, torch.Generator().manual_seed(0))
    assert weights.shape == (4, nets.size)
    x = torch.randn(5, 2, dtype=torch.float64)
    assert not nets.hidden(weights[0], x).any()
    other = weights[0].clone()
    other[nets.hidden_from :] += 1
    assert nets.hidden(other, x).any()
    times = torch.zeros(1, 2, dtype=torch.float64)
    torch.testing.assert_close(nets.states(other, times), nets.states(weights[0], times))
