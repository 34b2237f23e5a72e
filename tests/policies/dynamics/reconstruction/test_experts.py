"""Experts: layers against their formulas, Taylor terms against automatic differentiation, sparse routing."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.dynamics.reconstruction.experts import EXPERTS, GEPS, CoDA, Trunk
from tests.policies.dynamics.reconstruction.experts_cases import build, points

KINDS = list(EXPERTS.values())


@pytest.mark.parametrize("kind", KINDS)
def test_experts_start_equal(kind):
    stack = kind(3, 2, 8, 3, 2)
    contexts = torch.randn(4, 2, dtype=torch.float64)
    answers = [stack.bind(torch.full((4,), m), contexts)(points(4)) for m in range(3)]
    assert torch.equal(answers[0], answers[1])


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_independent(kind):
    stack, contexts, x = build(kind, experts=2), torch.randn(3, 3, dtype=torch.float64), points(3)
    chosen = torch.tensor([1, 0, 1])
    together = stack.bind(chosen, contexts)(x)
    alone = torch.cat([stack.bind(chosen[i : i + 1], contexts[i : i + 1])(x[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, alone)


def test_geps_against_the_formula():
    stack, context, x = build(GEPS, width=4), torch.randn(1, 3, dtype=torch.float64), points()
    plain = x[0] / stack.scale
    for k in range(3):
        weight = stack.weights[k][0].T + stack.left[k][0].T @ torch.diag(context[0]) @ stack.right[k][0].T
        plain = plain @ weight.T + stack.biases[k][0] + stack.shift[k][0].T @ context[0]
        plain = torch.nn.functional.silu(plain) if k < 2 else plain * stack.rate
    torch.testing.assert_close(stack.bind(torch.tensor([0]), context)(x)[0], plain)


def test_coda_is_linear_in_its_context_and_geps_without_one_is_a_plain_network():
    stack = build(CoDA, depth=2, width=4)
    zero, x = torch.tensor([0]), points()
    moved = [stack.bind(zero, torch.full((1, 3), s, dtype=torch.float64)) for s in (0.0, 1.0)]
    assert not torch.allclose(moved[0](x), moved[1](x))
    plain = build(GEPS, context=0)
    assert plain.bind(torch.tensor([0]), torch.zeros(1, 0, dtype=torch.float64))(x).shape == x.shape


def test_trunk_experts_share_all_but_low_rank():
    stack = build(Trunk, experts=3)
    contexts = torch.zeros(1, 3, dtype=torch.float64)
    a, b = (stack.bind(torch.tensor([m]), contexts)(points()) for m in range(2))
    assert not torch.allclose(a, b)
    separate = sum(p.numel() for p in GEPS(3, 2, 64, 4, 2).parameters())
    assert sum(p.numel() for p in Trunk(3, 2, 64, 4, 2).parameters()) < 0.6 * separate
