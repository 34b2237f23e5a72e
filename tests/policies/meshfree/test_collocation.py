"""Points where they belong, residuals that are those of the equation, and weights by the source."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.meshfree.collocation import SLICES
from simplatform.policies.nn.jets import automatic
from tests.policies.meshfree.cases import HEAT, small


def test_points_lie_inside_on_faces_and_at_the_start_and_are_drawn_anew(tmp_path):
    problem, _, collocation = small(tmp_path)
    generator = torch.Generator().manual_seed(0)
    inside, left, right, start = collocation.draw(generator)
    assert [block.name for block in collocation.blocks] == ["inside", "x-", "x+", "start"]
    for points, axis, value in ((left, 0, 0), (right, 0, 1), (start, 1, 0)):
        assert (points[:, axis] == value).all()
    low, high = (torch.tensor(bound) for bound in (problem.low, problem.high))
    assert ((inside >= low) & (inside <= high)).all()
    assert not torch.equal(inside, collocation.draw(generator)[0])


def test_pairs_of_points_lie_on_opposite_faces(tmp_path):
    periodic = HEAT.replace('[[boundary]]\nu = "0"', "[[boundary]]\nperiodic = true")
    _, solution, collocation = small(tmp_path, periodic)
    pair = collocation.draw(torch.Generator())[1]
    assert (pair[:, :, 0] == torch.tensor([0, 1])).all()
    assert torch.equal(pair[:, 0, 1], pair[:, 1, 1])
    assert collocation.blocks[1].residuals(solution, pair).shape == (10, 2)


def test_residuals_are_those_of_the_equation(tmp_path):
    problem, solution, _ = small(tmp_path)
    points = torch.rand(6, 2, dtype=torch.float64)
    found = automatic(solution.network, points, [(1,), (0, 0)])
    torch.testing.assert_close(solution(points, problem.residual), found[1,] - 0.2 * found[0, 0])


def test_the_weight_inside_is_that_of_the_source(tmp_path):
    assert small(tmp_path)[2].weight == 1.0
    loud = HEAT.replace('"u_t - k*u_xx"', '"u_t - k*u_xx + 100"')
    assert small(tmp_path, loud)[2].weight == pytest.approx(1e-4)


def test_causal_weights_wait_for_what_is_earlier(tmp_path):
    _, solution, collocation = small(tmp_path)
    points = collocation.draw(torch.Generator().manual_seed(0))
    plain = collocation.loss(solution, points)["inside"]
    collocation.causal = 1e-9
    torch.testing.assert_close(collocation.loss(solution, points)["inside"], plain, rtol=0.2, atol=0)
    collocation.causal = 1e9
    first = points[0][points[0][:, 1] < 0.5 / SLICES]
    expected = collocation.blocks[0].residuals(solution, first).square().mean() / SLICES
    torch.testing.assert_close(collocation.loss(solution, points)["inside"], expected)
