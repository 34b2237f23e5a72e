"""Survival of fields that blow up during training: such steps are skipped and counted."""

from __future__ import annotations

import torch
from torch import nn

from simplatform.policies.dynamics.reconstruction.guard import Guard


def test_refused_steps_at_the_end_leave_good_parameters():
    parameter = nn.Parameter(torch.ones(2))
    guard = Guard([parameter])
    parameter.grad = torch.ones(2)
    assert guard.accepts(torch.tensor(1.0))
    parameter.data.fill_(7.0)
    assert not guard.accepts(torch.tensor(float("nan")))
    guard.settle()
    assert torch.equal(parameter.data, torch.ones(2))
    assert guard.restored == 1


def test_guard_halves_the_rate_and_brings_the_last_good_parameters_back():
    parameter = nn.Parameter(torch.ones(2))
    guard = Guard([parameter])

    def offer(loss):
        parameter.grad = torch.ones(2)
        return guard.accepts(torch.tensor(loss))

    assert all(offer(1.0) for _ in range(20))
    assert not offer(11.0)
    assert guard.rate == 0.5
    parameter.data.fill_(7.0)
    assert not any(offer(float("nan")) for _ in range(4))
    assert torch.equal(parameter.data, torch.ones(2))
    assert guard.counts() == {"spikes": 1.0, "diverged": 4.0, "restored": 1.0, "undone": 0.0}
    parameter.grad = torch.full((2,), float("inf"))
    assert not guard.accepts(torch.tensor(1.0))
