"""Experts: layers against their formulas, Taylor terms against automatic differentiation, sparse routing."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.dynamics.reconstruction.experts import EXPERTS, GEPS, NCF, SHPLRNN, CoDA, Trunk

KINDS = list(EXPERTS.values())


def build(kind, experts=1, context=3, width=6, depth=3):
    torch.manual_seed(0)
    stack = kind(experts, 2, width, depth, context)
    stack.scale.copy_(torch.tensor([2.0, 0.5]))
    stack.rate.copy_(torch.tensor([0.3, 4.0]))
    for parameter in stack.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    return stack


def points(rows=1, count=7):
    generator = torch.Generator().manual_seed(1)
    return torch.randn(rows, count, 2, dtype=torch.float64, generator=generator)


@pytest.mark.parametrize("kind", KINDS)
def test_experts_start_equal(kind):
    stack = kind(3, 2, 8, 3, 2)
    contexts = torch.randn(4, 2, dtype=torch.float64)
    answers = [stack.bind(torch.full((4,), m), contexts)(points(4)) for m in range(3)]
    assert torch.equal(answers[0], answers[1])


@pytest.mark.parametrize("kind", [GEPS, CoDA, NCF])
def test_only_the_chosen_experts_get_gradients(kind):
    stack = build(kind, experts=3)
    contexts = torch.randn(4, 3, dtype=torch.float64)
    stack.bind(torch.tensor([0, 0, 2, 2]), contexts)(points(4)).sum().backward()
    moved = [sum(float(p.grad[m].abs().sum()) for p in stack.parameters()) for m in range(3)]
    assert moved[0] > 0
    assert moved[1] == 0
    assert moved[2] > 0


@pytest.mark.parametrize("kind", KINDS)
def test_rows_are_independent(kind):
    stack, contexts, x = build(kind, experts=2), torch.randn(3, 3, dtype=torch.float64), points(3)
    chosen = torch.tensor([1, 0, 1])
    together = stack.bind(chosen, contexts)(x)
    alone = torch.cat([stack.bind(chosen[i : i + 1], contexts[i : i + 1])(x[i : i + 1]) for i in range(3)])
    torch.testing.assert_close(together, alone)


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


def test_shplrnn_against_the_formula():
    stack, context, x = build(SHPLRNN, width=4), torch.randn(1, 3, dtype=torch.float64), points()
    p = {k: stack.base[k][0] + torch.tensordot(context[0], stack.directions[k][0], 1) for k in stack.base}
    z = x[0] / stack.scale
    hidden = torch.relu(z @ p["up"] + p["h2"])
    expected = (p["a"] * z + hidden @ p["down"] + p["h1"]) * stack.rate
    torch.testing.assert_close(stack.bind(torch.tensor([0]), context)(x)[0], expected)


def test_trunk_experts_share_all_but_low_rank():
    stack = build(Trunk, experts=3)
    contexts = torch.zeros(1, 3, dtype=torch.float64)
    a, b = (stack.bind(torch.tensor([m]), contexts)(points()) for m in range(2))
    assert not torch.allclose(a, b)
    separate = sum(p.numel() for p in GEPS(3, 2, 64, 4, 2).parameters())
    assert sum(p.numel() for p in Trunk(3, 2, 64, 4, 2).parameters()) < 0.6 * separate


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
