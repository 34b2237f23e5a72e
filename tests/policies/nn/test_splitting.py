"""Layers as splitting steps: their orders, with exact, second-order and Euler sub-flows."""

from __future__ import annotations

import math

import pytest
import torch

from simplatform.policies.mesh.encoder import MacaronLayer
from simplatform.policies.nn.splitting import euler, heun, lie, strang


@pytest.fixture(scope="module")
def parts():
    """Return the two fields of a Macaron block, and a state."""
    torch.manual_seed(0)
    layer = MacaronLayer(8, 2, 0.0, "dense", "euler").double().eval()
    with torch.no_grad():
        layer.after_attention.weight.mul_(0.3)
    return layer.first, lambda x: layer.attended(x, [6]), torch.randn(6, 8, dtype=torch.float64)


def exact(part, x, h, steps=3):
    """Return the flow of a part by the classical Runge-Kutta method."""
    h = h / steps
    for _ in range(steps):
        a = part(x)
        b = part(x + h / 2 * a)
        c = part(x + h / 2 * b)
        x = x + h / 6 * (a + 2 * b + 2 * c + part(x + h * c))
    return x


@torch.no_grad()
def order(step, parts, fine=24, coarse=8):
    """Return the order of the error at time 1, from 8 and 24 steps."""
    dense, attention, start = parts
    truth = exact(lambda x: dense(x) + attention(x), start, 1.0, 60)
    errors = []
    for count in (coarse, fine):
        x = start
        for _ in range(count):
            x = step(dense, attention, x, 1 / count)
        errors.append(float((x - truth).norm()))
    return math.log(errors[0] / errors[1]) / math.log(fine / coarse)


@pytest.mark.parametrize(
    ("step", "expected"),
    [
        (lambda f, a, x, h: strang(f, a, x, h, exact), 2),
        (lambda f, a, x, h: strang(f, a, x, h, heun), 2),
        (lambda f, a, x, h: strang(f, a, x, h, euler), 1),
        (lambda f, a, x, h: lie([f, a], x, h, exact), 1),
    ],
    ids=["strang, exact", "strang, heun", "strang, euler", "lie, exact"],
)
def test_strang_is_of_second_order_only_with_sub_flows_that_are(parts, step, expected):
    assert order(step, parts) == pytest.approx(expected, abs=0.12)
