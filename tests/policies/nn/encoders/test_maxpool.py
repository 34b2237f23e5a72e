from __future__ import annotations

from itertools import pairwise

import pytest
import torch

from simplatform.policies.nn.encoders import PointCloudEncoder, maxpool
from simplatform.policies.nn.encoders.maxpool import Layer, pooled_perceptron


def _layers(sizes: tuple[int, ...]) -> list[Layer]:
    def tensors(a: int, b: int) -> list[torch.Tensor]:
        return [torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in ((b, a), (b,), (b,), (b,))]

    return [Layer(*tensors(a, b)) for a, b in pairwise(sizes)]


def _autograd(points: torch.Tensor, layers: list[Layer]) -> torch.Tensor:
    x = points
    for layer in layers:
        x = torch.nn.functional.linear(x, layer.weight, layer.bias)
        x = torch.nn.functional.layer_norm(x, layer.gain.shape, layer.gain, layer.shift).relu()
    return x.amax(1)


@pytest.mark.parametrize(("sizes", "shape"), [((3, 7), (1, 1)), ((3, 5, 7), (3, 11)), ((3, 8, 16, 32), (40, 129))])
@pytest.mark.parametrize("duplicates", [False, True])
def test_value_and_gradient_equal_autograd(sizes, shape, duplicates):
    torch.manual_seed(0)
    layers, points = _layers(sizes), torch.randn(*shape, 3, dtype=torch.float64)
    if duplicates:
        points[:, shape[1] // 2 :] = points[:, :1]
    parameters = [tensor for layer in layers for tensor in layer]
    ours, theirs = pooled_perceptron(points, layers), _autograd(points, layers)
    torch.testing.assert_close(ours, theirs, atol=1e-12, rtol=1e-12)
    weights = torch.randn_like(ours)
    expected = torch.autograd.grad((theirs * weights).sum(), parameters)
    given = torch.autograd.grad((ours * weights).sum(), parameters)
    torch.testing.assert_close(given, expected, atol=1e-12, rtol=1e-12)


def test_gradient_equals_finite_differences():
    torch.manual_seed(1)
    layers, points = _layers((3, 4, 5)), torch.randn(2, 6, 3, dtype=torch.float64)
    flat = [tensor for layer in layers for tensor in layer]
    assert torch.autograd.gradcheck(lambda *flat: pooled_perceptron(points, [Layer(*flat[:4]), Layer(*flat[4:])]), flat)


def test_gradient_of_the_points_is_there_when_asked_for():
    points = torch.randn(2, 6, 3, dtype=torch.float64, requires_grad=True)
    pooled_perceptron(points, _layers((3, 4, 5))).sum().backward()
    assert points.grad is not None


def test_autocast_leaves_it_in_float32():
    torch.manual_seed(3)
    layers = [Layer(*(t.detach().float().requires_grad_() for t in layer)) for layer in _layers((3, 5, 7))]
    points, parameters = torch.randn(4, 10, 3), [tensor for layer in layers for tensor in layer]
    expected = torch.autograd.grad(pooled_perceptron(points, layers).sum(), parameters)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        pooled = pooled_perceptron(points, layers)
    torch.testing.assert_close(torch.autograd.grad(pooled.sum(), parameters), expected)


def test_chunks_do_not_change_the_result(monkeypatch):
    torch.manual_seed(2)
    layers, points = _layers((3, 5, 7)), torch.randn(9, 10, 3, dtype=torch.float64)
    whole = pooled_perceptron(points, layers)
    monkeypatch.setattr(maxpool, "CHUNK", 20)
    torch.testing.assert_close(pooled_perceptron(points, layers), whole)


def test_encoder_ignores_the_order_of_points():
    encoder, points = PointCloudEncoder(), torch.randn(3, 50, 3)
    shuffled = points[:, torch.randperm(50)]
    torch.testing.assert_close(encoder(points), encoder(shuffled))


def test_a_maximum_of_exactly_zero_passes_nothing_on():
    torch.manual_seed(2)
    layers, points = _layers((3, 5, 4)), torch.randn(2, 6, 3, dtype=torch.float64)
    with torch.no_grad():
        layers[-1].gain.zero_()
        layers[-1].shift.zero_()
    ours = torch.autograd.grad(pooled_perceptron(points, layers).sum(), layers[-1].shift)[0]
    theirs = torch.autograd.grad(_autograd(points, layers).sum(), layers[-1].shift)[0]
    assert torch.equal(ours, theirs)
    assert torch.equal(ours, torch.zeros_like(ours))  # a ReLU's slope at zero is zero
