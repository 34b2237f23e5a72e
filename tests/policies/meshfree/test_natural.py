"""Natural gradient: exact where the problem is linear, the same by every way of solving, and never uphill."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

from simplatform.policies.meshfree.collocation import Block
from simplatform.policies.meshfree.natural import NaturalGradient, conjugate_gradients, regularised
from tests.policies.meshfree.cases import small


class Line(nn.Module):
    """Residuals a + b x − (1 + 2 x), linear in a and b."""

    def __init__(self):
        super().__init__()
        self.own = nn.Parameter(torch.zeros(2, dtype=torch.float64))

    def forward(self, points, equation):
        return (self.own[0] + self.own[1] * points[:, :1]) - (1 + 2 * points[:, :1])


def test_one_step_solves_what_is_linear():
    line, block = Line(), Block("inside", None, 1.0)
    method = NaturalGradient(line, damping=1e-13)
    before = method.step([block], [torch.linspace(0, 1, 9, dtype=torch.float64)[:, None]])
    assert before > 1
    torch.testing.assert_close(line.own.detach(), torch.tensor([1.0, 2.0], dtype=torch.float64), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("shape", [(7, 20), (20, 7)])
def test_both_systems_and_conjugate_gradients_give_the_same_step(shape):
    torch.manual_seed(0)
    jacobian, residual = torch.randn(shape, dtype=torch.float64), torch.randn(shape[0], dtype=torch.float64)
    damping = torch.tensor(0.1, dtype=torch.float64)
    eye = torch.eye(shape[1], dtype=torch.float64)
    expected = torch.linalg.solve(jacobian.mT @ jacobian + damping * eye, jacobian.mT @ residual)
    torch.testing.assert_close(regularised(jacobian, residual, damping), expected)
    products = jacobian.__matmul__, jacobian.mT.__matmul__
    torch.testing.assert_close(conjugate_gradients(*products, residual, damping, 20), expected)


def test_products_without_a_matrix_are_those_of_the_matrix(tmp_path):
    _, solution, collocation = small(tmp_path)
    pairs = list(zip(collocation.blocks, collocation.draw(torch.Generator().manual_seed(0)), strict=True))
    method = NaturalGradient(solution, iterations=5)
    whole, free = method._matrix(pairs), method._products(pairs)
    torch.testing.assert_close(free.residual, whole.residual)
    move, rows = torch.randn(whole.matrix.shape[1]).double(), torch.randn(len(whole.residual)).double()
    torch.testing.assert_close(free.forward(move), whole.matrix @ move)
    torch.testing.assert_close(free.back(rows), whole.matrix.mT @ rows)
    assert 0.2 < free.mean / whole.mean < 5
    assert free.matrix is None


@pytest.mark.parametrize("settings", [{}, {"momentum": 0.5}, {"iterations": 30}])
def test_the_loss_on_the_same_points_never_rises(tmp_path, settings):
    _, solution, collocation = small(tmp_path)
    method = NaturalGradient(solution, 1e-4, **settings)
    points = collocation.draw(torch.Generator().manual_seed(0))
    losses = [method.step(collocation.blocks, points) for _ in range(8)]
    assert all(after <= before for before, after in pairwise(losses))
    assert losses[-1] < 0.1 * losses[0]
