"""Neural context flow (Nzoyem et al., 2025, arXiv:2405.02154): three networks."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.dynamics.reconstruction.experts import GEPS, NCF, CoDA
from tests.policies.dynamics.reconstruction.experts_cases import build, points


@pytest.mark.parametrize("kind", [GEPS, CoDA, NCF])
def test_only_the_chosen_experts_get_gradients(kind):
    stack = build(kind, experts=3)
    contexts = torch.randn(4, 3, dtype=torch.float64)
    stack.bind(torch.tensor([0, 0, 2, 2]), contexts)(points(4)).sum().backward()
    moved = [sum(float(p.grad[m].abs().sum()) for p in stack.parameters()) for m in range(3)]
    assert moved[0] > 0
    assert moved[1] == 0
    assert moved[2] > 0


@pytest.mark.parametrize("kind", [GEPS, CoDA, NCF])
def test_one_expert_can_be_taken_out_and_put_back(kind):
    stack, contexts, x = build(kind, experts=3), torch.randn(2, 3, dtype=torch.float64), points(2)
    one = stack.only(1)
    ones, zeros = torch.ones(2, dtype=torch.int64), torch.zeros(2, dtype=torch.int64)
    torch.testing.assert_close(one.bind(zeros, contexts)(x), stack.bind(ones, contexts)(x))
    for parameter in one.parameters():
        parameter.data += 0.1
    others = stack.bind(zeros, contexts)(x)
    stack.put(1, one)
    torch.testing.assert_close(stack.bind(ones, contexts)(x), one.bind(zeros, contexts)(x))
    assert torch.equal(stack.bind(zeros, contexts)(x), others)


@pytest.mark.parametrize("order", [1, 2])
def test_taylor_terms_against_automatic_differentiation(order):
    stack, x = build(NCF, width=8, depth=4), points(1, 5)
    near, contexts = torch.randn(1, 3, dtype=torch.float64), torch.randn(1, 3, dtype=torch.float64)
    chosen, delta = torch.tensor([0]), contexts - near

    def along(s):
        return stack.bind(chosen, near + s * delta)(x)

    zero, one = torch.zeros((), dtype=torch.float64), torch.ones((), dtype=torch.float64)
    value, first = torch.func.jvp(along, (zero,), (one,))
    second = torch.func.jvp(lambda s: torch.func.jvp(along, (s,), (one,))[1], (zero,), (one,))[1]
    expected = value + first + (0.5 * second if order == 2 else 0)
    torch.testing.assert_close(stack.taylor(chosen, contexts, near, order)(x), expected)


def test_taylor_error_falls_with_the_order_of_the_expansion():
    stack, x = build(NCF, width=8, depth=4), points(1, 5)
    near, chosen = torch.randn(1, 3, dtype=torch.float64), torch.tensor([0])

    def error(order, size):
        contexts = near + size
        gap = stack.taylor(chosen, contexts, near, order)(x) - stack.bind(chosen, contexts)(x)
        return float(gap.detach().abs().max())

    for order in (1, 2):
        ratio = error(order, 0.02) / error(order, 0.01)
        assert ratio == pytest.approx(2 ** (order + 1), rel=0.15)
    assert error(0, 0.3) == 0
