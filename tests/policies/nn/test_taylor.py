"""Networks that carry their derivatives along give those of autograd; periodic coordinates are periodic."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.nn.jets import automatic, jets
from simplatform.policies.nn.taylor import Box, TaylorNetwork, Waves

INDICES = [(), (0,), (1,), (0, 0), (0, 1), (1, 1)]


def network(activation="tanh", omega=1.0, **waves):
    torch.manual_seed(0)
    return TaylorNetwork(Box([0, -1], [2, 3]), Waves(2, **waves), [12, 12], 2, activation, omega)


@pytest.mark.parametrize("waves", [{}, {"periodic": (0,)}, {"periodic": (0,), "features": 4, "spread": 2.0}])
@pytest.mark.parametrize(("activation", "omega"), [("tanh", 1.0), ("sine", 30.0)])
def test_derivatives_are_those_of_autograd(activation, omega, waves):
    net, points = network(activation, omega, **waves), torch.rand(7, 2, dtype=torch.float64)
    closed, nested = jets(net, points, INDICES), automatic(net, points, INDICES)
    for index in INDICES:
        torch.testing.assert_close(closed[index], nested[index], rtol=1e-11, atol=1e-11)


def test_third_derivatives_are_taken_automatically():
    points = torch.rand(3, 2, dtype=torch.float64)
    assert jets(network(), points, [(0, 0, 1)])[0, 0, 1].shape == (3, 2)


def test_a_periodic_coordinate_repeats_after_the_box():
    net, points = network(periodic=(0,), features=3), torch.rand(4, 2, dtype=torch.float64)
    torch.testing.assert_close(net(points + torch.tensor([2.0, 0.0])), net(points))
    assert not torch.allclose(net(points + torch.tensor([0.0, 1.0])), net(points))


def test_weights_of_sine_layers_are_within_their_bounds():
    layers = network("sine", 30.0).layers
    assert float(layers[0].weight.detach().abs().max()) <= 1 / 2
    assert float(layers[1].weight.detach().abs().max()) <= (6 / 12) ** 0.5 / 30
