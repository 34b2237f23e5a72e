"""Stacked experts: units fold in, copies go out and come back, networks are what a loop over experts gives."""

from __future__ import annotations

import pytest
import torch
from torch.nn.functional import silu

from simplatform.errors import ConfigError
from simplatform.policies.dynamics.reconstruction.experts import base
from simplatform.policies.dynamics.reconstruction.experts.base import Expert, by_numpy, run, shared, sizes_of


class Network(Expert):
    """Two layers of swish units; contexts are not used."""

    def __init__(self, experts, dim, width, depth, context, seen=0):
        super().__init__(experts, dim, width, depth, context, seen)
        sizes = sizes_of(dim, width, depth, seen)
        self.weights = torch.nn.ParameterList(shared(experts, a, b, scale=1.0) for a, b in sizes)
        self.biases = torch.nn.ParameterList(shared(experts, 1, b, scale=1.0) for _, b in sizes)

    def bind(self, chosen, contexts):
        layers = [(b[chosen], w[chosen]) for b, w in zip(self.biases, self.weights, strict=True)]
        return lambda x: run(self._in_units(layers), x)


def built(experts=3):
    torch.manual_seed(0)
    net = Network(experts, 2, 5, 3, 1)
    with torch.no_grad():
        for parameter in net.parameters():
            parameter += 0.1 * torch.arange(experts).view(-1, 1, 1)
    return net


X = torch.randn(3, 4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
CONTEXTS = torch.zeros(3, 1, dtype=torch.float64)


def test_layers_go_from_what_is_seen_over_the_width_to_the_state():
    assert sizes_of(2, 5, 3) == [(2, 5), (5, 5), (5, 2)]
    assert sizes_of(2, 5, 1) == [(2, 2)]
    assert sizes_of(2, 5, 2, seen=7) == [(7, 5), (5, 2)]


def test_experts_start_equal_and_within_their_scale():
    weights = shared(4, 30, 30, scale=0.2)
    assert torch.equal(weights, weights[:1].expand_as(weights))
    assert float(weights.detach().abs().max()) <= 0.2
    assert float(weights.detach().std()) == pytest.approx(0.2 / 3**0.5, rel=0.1)


def test_rows_are_answered_by_the_expert_that_was_chosen():
    net, chosen = built(), torch.tensor([2, 0, 2])
    found = net.bind(chosen, CONTEXTS)(X)
    for row, index in enumerate(chosen.tolist()):
        h = X[row]
        for number, (b, w) in enumerate(zip(net.biases, net.weights, strict=True)):
            h = h @ w[index] + b[index]
            h = h if number == 2 else silu(h)
        assert torch.allclose(found[row], h)


def test_units_of_states_and_rates_fold_into_the_outer_layers():
    net, chosen = built(), torch.tensor([0, 1, 2])
    plain = net.bind(chosen, CONTEXTS)(X)
    scale, rate = torch.tensor([2.0, 10.0]), torch.tensor([3.0, 0.5])
    net.scale.copy_(scale)
    net.rate.copy_(rate)
    assert torch.allclose(net.bind(chosen, CONTEXTS)(X * scale), plain * rate)


def test_a_copy_of_one_expert_answers_the_same_and_comes_back():
    net, rows = built(), torch.tensor([1])
    net.scale.copy_(torch.tensor([2.0, 3.0]))
    one = net.only(1)
    assert torch.equal(one.bind(torch.tensor([0]), CONTEXTS[:1])(X[:1]), net.bind(rows, CONTEXTS[:1])(X[:1]))
    others = [parameter[[0, 2]].clone() for parameter in net.parameters()]
    with torch.no_grad():
        for parameter in one.parameters():
            parameter.mul_(2)
    assert not torch.allclose(one.bind(torch.tensor([0]), CONTEXTS[:1])(X[:1]), net.bind(rows, CONTEXTS[:1])(X[:1]))
    net.put(1, one)
    assert torch.equal(one.bind(torch.tensor([0]), CONTEXTS[:1])(X[:1]), net.bind(rows, CONTEXTS[:1])(X[:1]))
    assert all(torch.equal(a, b[[0, 2]]) for a, b in zip(others, net.parameters(), strict=True))


def test_an_expansion_of_order_nought_is_the_field_and_others_are_refused():
    net, chosen = built(), torch.tensor([0, 1, 2])
    assert torch.equal(net.taylor(chosen, CONTEXTS, CONTEXTS, 0)(X), net.bind(chosen, CONTEXTS)(X))
    with pytest.raises(ConfigError, match=r"Network has no Taylor expansion: set policy\.order=0"):
        net.taylor(chosen, CONTEXTS, CONTEXTS, 2)


@pytest.mark.parametrize(("rows", "many"), [(1, 3), (5, 4), (3, 2000), (700, 9)])
def test_numpy_in_blocks_answers_what_torch_does(rows, many, monkeypatch):
    monkeypatch.setattr(base, "BLOCK", 2**12)
    generator = torch.Generator().manual_seed(rows)
    shapes = [(2, 24), (24, 24), (24, 2)]
    draw = [torch.randn(rows, a + 1, b, dtype=torch.float64, generator=generator) for a, b in shapes]
    layers = [(one[:, :1], one[:, 1:] / 5) for one in draw]
    x, before = torch.randn(rows, many, 2, dtype=torch.float64, generator=generator), torch.get_num_threads()
    wanted = run(layers, x)
    torch.set_num_threads(1)
    try:
        with torch.no_grad():
            assert by_numpy(x)
            found = base.Network(layers)(x)
        assert not by_numpy(x)  # where a gradient is asked for
    finally:
        torch.set_num_threads(before)
    assert torch.allclose(found, wanted, rtol=1e-13, atol=1e-13)
