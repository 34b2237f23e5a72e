"""Every way of training lowers the loss, is told of, and says when it did not converge."""

from __future__ import annotations

import math

import pytest
import torch

from simplatform.policies.meshfree.training import Solved, Training, TrainingConfig
from tests.policies.meshfree.cases import small


@pytest.mark.parametrize("settings", [{"adam": 60}, {"lbfgs": 30}, {"natural": 10}])
def test_every_stage_lowers_the_loss_and_is_told_of(tmp_path, settings):
    _, solution, collocation = small(tmp_path)
    told = []
    config, generator = TrainingConfig(**settings), torch.Generator().manual_seed(0)
    report = lambda step, total, **metrics: told.append((step, total, metrics["loss"]))  # noqa: E731
    solved = Training(solution, collocation, config, generator, report).run()
    (steps,) = settings.values()
    assert (solved.steps, told[-1][:2], len(solved.history)) == (steps, (steps, steps), len(told))
    assert told[-1][2] < 0.5 * told[0][2]
    assert min(solved.inside, solved.outside) > 0


def test_a_budget_of_time_ends_it(tmp_path):
    _, solution, collocation = small(tmp_path)
    config = TrainingConfig(adam=100_000, natural=100_000, seconds=0.05)
    solved = Training(solution, collocation, config, torch.Generator(), lambda *_, **__: None).run()
    assert 0 < solved.steps < 100_000


def test_what_did_not_converge_says_so_and_what_did_says_nothing():
    assert Solved(inside=0.01, outside=0.01).doubts(0.05) == ()
    for inside, outside in ((0.2, 0.01), (0.01, 0.2), (math.nan, 0.0), (math.inf, 0.0)):
        assert Solved(inside=inside, outside=outside).doubts(0.05)[0].startswith("NOT CONVERGED")


def test_relative_residuals_are_those_of_the_terms(tmp_path):
    """u = 0 solves the equation inside and misses the start by all of it."""
    _, solution, collocation = small(tmp_path)
    with torch.no_grad():
        solution.network.layers[-1].weight.zero_()
        solution.network.layers[-1].bias.fill_(1e-3)
    inside, outside = solution.relative(collocation)
    assert inside == 0
    assert outside > 100
