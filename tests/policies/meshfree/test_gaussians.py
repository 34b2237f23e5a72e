"""Gaussians: derivatives in closed form, and the answers of the official module."""

from __future__ import annotations

import pytest
import torch

from simplatform.policies.meshfree.gaussians import Gaussians
from simplatform.policies.nn.jets import automatic, jets
from simplatform.policies.nn.taylor import Box, TaylorNetwork
from tests.parity import assert_same, load

INDICES = [(), (0,), (1,), (0, 0), (0, 1), (1, 1)]


@pytest.mark.parametrize("least", [0.0, 0.2])
@pytest.mark.parametrize("rotated", [False, True])
def test_derivatives_are_those_of_autograd(rotated, least):
    torch.manual_seed(0)
    front = Gaussians(2, 4, 20, 0.3, rotated, least)
    if rotated:
        front.turns.data = torch.randn_like(front.turns)
    net = TaylorNetwork(Box([0, -1], [2, 3]), front, [16], 2)
    points = torch.rand(11, 2, dtype=torch.float64)
    closed, nested = jets(net, points, INDICES), automatic(net, points, INDICES)
    for index in INDICES:
        torch.testing.assert_close(closed[index], nested[index], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("trained", [0.0, 1e-9, -0.1, 0.3])
def test_no_trained_width_makes_a_gaussian_narrower_than_the_least(trained):
    front = Gaussians(2, 1, 1, 0.3, least=0.2)
    assert front.precision()[0][0].item() == pytest.approx(0.3**-2)
    front.widths.data.fill_(trained)
    assert front.precision()[0][0].item() == pytest.approx(1 / (trained**2 + 0.2**2))
    curved = front.series(front.centres[0].detach(), [(0, 0)])[0, 0]
    assert curved.abs().item() <= front.weights.abs().item() / 0.2**2 * (1 + 1e-12)


def official(case):
    """Return our network with the official weights, in double."""
    config, state = case["config"], {key: value.double() for key, value in case["state_dict"].items()}
    names = ["t", "x", "y"][: config["in_dim"]]
    front = Gaussians(len(names), config["mlp_dim"], config["num_gaussians"], rotated=config["full_cov"])
    own = {
        "centres": torch.stack([state.pop(f"mu_{name}") for name in names], -1),
        "widths": torch.stack([state.pop(f"sigma_{name}") for name in names], -1),
        "weights": state.pop("weight"),
    }
    if config["full_cov"]:
        own["turns"] = torch.stack([state.pop("r1"), state.pop("r2")], -1)
    front.load_state_dict({**own, "begun": front.begun, "least": front.least})
    net = TaylorNetwork(Box([-1] * len(names), [1] * len(names)), front, [config["hidden_dim"]], 1)
    layers = {"net.0": "layers.0", "net.2": "layers.1"}
    moved = {f"{layers[key[:5]]}{key[5:]}": value for key, value in state.items()}
    assert set(moved) == {name for name, _ in net.named_parameters() if name.startswith("layers")}
    net.load_state_dict(moved, strict=False)
    return net


@pytest.mark.parametrize("name", ["diag2d", "full2d", "diag3d"])
def test_answers_derivatives_and_gradients_are_the_official_ones(name):
    case = load(f"pig-{name}")
    net, points, wanted = official(case), case["inputs"]["points"].double(), case["outputs"]
    dim = points.shape[1]
    found = jets(net, points, [(), *((i,) for i in range(dim)), *((i, i) for i in range(dim))])
    assert_same(net.front.series(points, [])[()], case["intermediates"]["features"])
    assert_same(found[()], wanted["u"])
    assert_same(torch.cat([found[i,] for i in range(dim)], 1), wanted["first_derivatives"])
    assert_same(torch.cat([found[i, i] for i in range(dim)], 1), wanted["second_derivatives"])
    if dim == 2:
        operator = found[0, 0] + found[1, 1] + case["config"]["helmholtz_lambda"] * found[()]
        assert_same(operator, wanted["helmholtz_operator"])
        inside = (operator - wanted["helmholtz_source"].double()).square().mean()
        loss = case["config"]["f_scale"] * inside + net(case["inputs"]["boundary_points"].double()).square().mean()
        assert_same(loss, wanted["loss"])
        loss.backward()
        norm = torch.stack([one.grad.square().sum() for one in net.parameters()]).sum().sqrt()
        assert float(norm) == pytest.approx(case["grad_norm"], rel=1e-4)
