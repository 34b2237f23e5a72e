"""Second-order finishing: L-BFGS (Liu & Nocedal, 1989) on the full loss of a block of environments."""

from __future__ import annotations

import torch
from torch import nn

from simplatform.policies.dynamics.reconstruction.finishing import Block, Finisher


def test_finishing_undoes_what_does_not_help():
    weight = nn.Parameter(torch.tensor([2.0], dtype=torch.float64))
    block = Block(torch.arange(1), lambda codes: lambda x: weight * x, [weight])

    def worse(field, codes):
        worse.calls += 1
        return (weight**2).sum() + worse.calls

    worse.calls = 0
    finisher = Finisher(block, torch.zeros(1, 0, dtype=torch.float64), worse)
    finisher.take(3)
    assert finisher.diverged == 1
    assert float(weight.detach()) == 2.0
    good = Finisher(
        block, torch.zeros(1, 0, dtype=torch.float64), lambda field, codes: (field(weight) - 1).square().sum()
    )
    assert good.take(20) < 1e-12


def test_finishing_survives_a_line_search_into_a_blow_up():
    weight = nn.Parameter(torch.tensor([3.0], dtype=torch.float64))
    block = Block(torch.arange(1), lambda codes: lambda x: x, [weight])

    def cliff(field, codes):
        return torch.where(weight < 0.5, torch.inf, (weight - 0.6).square()).sum()

    assert Finisher(block, torch.zeros(1, 0, dtype=torch.float64), cliff).take(25) < 10
    assert bool(torch.isfinite(weight).all())
