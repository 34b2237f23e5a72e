"""Gauss–Newton adaptation: exact on least squares, batched, and robust to hypotheses that blow up."""

from __future__ import annotations

from itertools import pairwise

import torch

from simplatform.policies.dynamics.reconstruction.adaptation import Hypotheses, adapt, evaluate

TARGETS = torch.tensor([[0.7, -1.3], [0.2, 0.4]], dtype=torch.float64)
DESIGN = torch.randn(2, 12, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
SEEN = torch.stack([DESIGN[1] @ TARGETS[0], DESIGN[0] @ TARGETS[1]])


def residuals(owner, chosen, contexts):
    return torch.einsum("hnc,hc->hn", DESIGN[chosen], contexts) - SEEN[owner]


def start(width=2):
    return evaluate(residuals, torch.tensor([[0, 1], [0, 1]]), torch.zeros(2, width, 2, dtype=torch.float64))


def test_solves_least_squares_problems_and_ranks_the_right_expert_first():
    found = adapt(residuals, start(), steps=20).best(1)
    assert found.chosen.tolist() == [[1], [0]]
    torch.testing.assert_close(found.contexts[:, 0], TARGETS, rtol=1e-6, atol=1e-6)


def test_the_log_falls():
    log = []
    adapt(residuals, start(), steps=5, log=log)
    assert all(after <= before for before, after in pairwise(log))
    assert log[-1] < 1e-3 * log[0]


def test_a_hypothesis_that_blows_up_costs_infinity_and_loses():
    def explosive(owner, chosen, contexts):
        found = residuals(owner, chosen, contexts)
        return torch.where((chosen == 0)[:, None], torch.inf, found)

    found = adapt(explosive, start(), steps=10).best(1)
    assert found.chosen[:, 0].tolist() == [1, 1]
    assert bool(torch.isfinite(found.contexts).all())


def test_masked_hypotheses_come_last():
    one = Hypotheses(torch.tensor([[0, 1, 2]]), torch.zeros(1, 3, 1), torch.tensor([[1.0, 2.0, 3.0]]))
    assert one.only(one.chosen > 0).best(1).chosen.tolist() == [[1]]


def test_nothing_to_adapt_is_fine():
    empty = Hypotheses(torch.tensor([[0]]), torch.zeros(1, 1, 0), torch.zeros(1, 1))
    assert adapt(lambda o, c, x: torch.ones(1, 4), empty, steps=3).contexts.shape == (1, 1, 0)
