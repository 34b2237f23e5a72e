"""Ridge regression: least squares without a penalty, no dependence on units, the normal equations with one."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from simplatform.policies.dynamics.prediction.ridge import ridge


def data(seed=0, rows=60, columns=5, outputs=2):
    random = np.random.default_rng(seed)
    x = random.normal(3, 2, (rows, columns)) * np.logspace(-2, 2, columns)
    y = x @ random.normal(size=(columns, outputs)) / np.logspace(-2, 2, columns).mean() + 7
    return torch.tensor(x), torch.tensor(y + 0.1 * random.normal(size=y.shape))


def test_without_a_penalty_it_is_least_squares_with_an_intercept():
    x, y = data()
    weights, bias = ridge(x, y, 0.0)
    whole = np.linalg.lstsq(np.c_[x.numpy(), np.ones(len(x))], y.numpy(), rcond=None)[0]
    assert np.allclose(weights.numpy(), whole[:-1], rtol=1e-7)
    assert np.allclose(bias.numpy(), whole[-1], rtol=1e-7)


def test_the_answer_does_not_depend_on_units_or_offsets():
    x, y = data(1)
    units = torch.logspace(-3, 3, x.shape[1], dtype=torch.float64)
    weights, bias = ridge(x, y, 0.3)
    scaled, moved = ridge(x * units + 5, y, 0.3)
    assert torch.allclose(scaled * units[:, None], weights, rtol=1e-8)
    assert torch.allclose((x * units + 5) @ scaled + moved, x @ weights + bias, rtol=1e-8)


@pytest.mark.parametrize("penalty", [1e-3, 1.0])
def test_the_gradient_of_what_it_minimises_vanishes(penalty):
    x, y = data(2)
    weights, bias = (part.requires_grad_() for part in ridge(x, y, penalty))
    spread = x.std(0, unbiased=False)[:, None]
    goal = (x @ weights + bias - y).square().sum() / len(x) + penalty * (spread * weights).square().sum()
    gradients = torch.autograd.grad(goal, (weights, bias))
    assert max(float(g.abs().max() / (1 + x.abs().max())) for g in gradients) < 1e-9


def test_a_larger_penalty_gives_smaller_weights_and_keeps_the_mean():
    x, y = data(3)
    sizes = []
    for penalty in (0.0, 0.1, 10.0):
        weights, bias = ridge(x, y, penalty)
        sizes.append(float((x.std(0)[:, None] * weights).norm()))
        assert torch.allclose((x @ weights + bias).mean(0), y.mean(0))
    assert sizes == sorted(sizes, reverse=True)


def test_it_is_differentiable():
    x, y = data(4, rows=12, columns=3)
    assert torch.autograd.gradcheck(lambda a: ridge(a, y, 0.5), (x.requires_grad_(),))
