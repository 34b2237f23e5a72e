"""Trainings of increments: Adam learns, variable projection finds the exact feature, closed loops improve."""

from __future__ import annotations

import math

import torch
from torch import nn

from simplatform.policies.dynamics.prediction.increments import IncrementConfig
from simplatform.policies.dynamics.prediction.training import adam, unrolled, variable_projection


class Exponential(nn.Module):
    """exp(−a x) and a linear head: one parameter that the features depend on."""

    def __init__(self, **settings):
        super().__init__()
        self.config = IncrementConfig(**settings)
        self.rate = nn.Parameter(torch.tensor(0.5, dtype=torch.float64))
        torch.manual_seed(0)
        self.head = nn.Linear(1, 1).double()

    def features(self, x):
        return torch.exp(-self.rate * x)

    def inner_parameters(self):
        return [self.rate]


X = torch.linspace(0, 2, 60, dtype=torch.float64)[:, None]
Y = 3 * torch.exp(-1.7 * X) - 1


def test_variable_projection_finds_the_rate_and_leaves_the_head():
    model = Exponential(varpro_steps=40, penalty=1e-12)
    head = model.head.weight.clone()
    loss = variable_projection(model, X, Y)
    assert abs(float(model.rate.detach()) - 1.7) < 1e-4
    assert loss < 1e-8
    assert torch.equal(model.head.weight, head)


def test_no_steps_do_nothing():
    model = Exponential(steps=0, varpro_steps=0)
    before = [parameter.clone() for parameter in model.parameters()]
    adam(model, X, Y, lambda *_, **__: None)
    assert variable_projection(model, X, Y) is None
    assert all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True))


def test_a_line_search_that_ends_in_nan_is_undone():
    model = Exponential(varpro_steps=3)
    before = model.rate.clone()
    assert math.isnan(variable_projection(model, X, Y * torch.nan))
    assert torch.equal(model.rate, before)


def test_adam_lowers_the_loss_that_it_reports_every_twenty_steps():
    model, said = Exponential(steps=400, batch=32, lr=0.1), []
    adam(model, X, Y, lambda step, **metrics: said.append((step, metrics["loss"])))
    assert [step for step, _ in said] == list(range(0, 400, 20))
    assert said[-1][1] < 0.2 * said[0][1]


class Decay(nn.Module):
    """x' = a x from the newest state."""

    delays = 2

    def __init__(self, **settings):
        super().__init__()
        self.config = IncrementConfig(**settings)
        self.factor = nn.Parameter(torch.tensor([0.5, 0.5], dtype=torch.float64))

    def unit(self, states):
        return states.reshape(-1, 2).std(0)

    def rollout(self, window, steps):
        powers = torch.arange(1, steps + 1, dtype=torch.float64)[:, None]
        return window[:, -1:] * self.factor**powers


def test_closed_loops_find_the_factor_of_each_component_whatever_its_unit():
    start = torch.rand(40, 1, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 0.5
    steps = torch.arange(6, dtype=torch.float64)[:, None]
    data = start * torch.tensor([0.9, 0.7], dtype=torch.float64) ** steps * torch.tensor([1.0, 1e6])
    model = Decay(unroll_steps=200, unroll_batch=16, unroll_lr=0.05)
    unrolled(model, data, lambda *_, **__: None)
    assert torch.allclose(model.factor, torch.tensor([0.9, 0.7], dtype=torch.float64), atol=1e-3)
