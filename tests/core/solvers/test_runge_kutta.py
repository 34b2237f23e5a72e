"""Explicit Runge–Kutta methods from their tableau: the order conditions, and the order itself in time as in state."""

from __future__ import annotations

import math

import pytest
import torch

from simplatform.solvers import RK4, Dopri5, Euler, Heun, Midpoint
from simplatform.solvers.runge_kutta import ExplicitRungeKutta, add_up

METHODS = [kind for kind in (Euler, Heun, Midpoint, RK4, Dopri5) if issubclass(kind, ExplicitRungeKutta)]


@pytest.mark.parametrize("method", METHODS)
def test_the_tableau_is_consistent(method):
    assert sum(method.b) == pytest.approx(1)
    for row, node in zip(method.a, method.c, strict=True):
        assert sum(row) == pytest.approx(node)
    if method.order >= 2:
        assert sum(b * c for b, c in zip(method.b, method.c, strict=True)) == pytest.approx(1 / 2)
    if method.order >= 3:
        assert sum(b * c * c for b, c in zip(method.b, method.c, strict=True)) == pytest.approx(1 / 3)


@pytest.mark.parametrize("method", METHODS)
def test_a_field_of_time_alone_is_integrated_with_the_order(method):
    """x' = cos t: only the nodes matter, which a field of the state alone never sees."""
    errors = []
    for steps in (8, 16):
        times = torch.linspace(0, 2, steps + 1, dtype=torch.float64)
        found = method().solve(lambda t, x: torch.cos(t) + 0 * x, torch.zeros(1, 1, dtype=torch.float64), times)
        errors.append(abs(float(found.states[-1]) - math.sin(2)))
    assert math.log2(errors[0] / errors[1]) > method.order - 0.3


def test_rows_may_have_steps_of_their_own():
    x = torch.tensor([[1.0], [1.0]], dtype=torch.float64)
    h = torch.tensor([[0.1], [0.2]], dtype=torch.float64)
    together = RK4().step(lambda t, x: -x, torch.zeros((), dtype=torch.float64), h, x)
    alone = [RK4().step(lambda t, x: -x, torch.zeros((), dtype=torch.float64), h[i], x[i : i + 1]) for i in range(2)]
    assert torch.allclose(together, torch.cat(alone), atol=1e-15)


def test_zero_weights_cost_nothing_and_change_nothing():
    x = torch.ones(2)
    assert torch.equal(add_up(x, (0.0, 2.0), (torch.full((2,), torch.nan), torch.ones(2))), torch.full((2,), 3.0))
