"""ODE solvers: measured orders, honest counts, both directions of time, and fields that blow up."""

from __future__ import annotations

import math

import pytest
import torch

from simplatform.errors import ConfigError, SolverError, UnknownName
from simplatform.solvers import DOP853, RK4, AdaptiveTsit5, Dopri5, Euler, Heun, Midpoint, Tsit5, get_solver


@pytest.mark.parametrize(
    ("method", "degree"), [(Euler, 1), (Midpoint, 2), (Heun, 2), (RK4, 4), (Tsit5, 5), (DOP853, 8)]
)
def test_polynomials_in_time_are_exact_up_to_the_order(method, degree):
    times = torch.tensor([0.0, 0.7, 1.1], dtype=torch.float64)
    x0 = torch.zeros(1, 1, dtype=torch.float64)
    found = method().solve(lambda t, x: degree * t ** (degree - 1) * torch.ones_like(x), x0, times).states[:, 0, 0]
    torch.testing.assert_close(found, times**degree, rtol=0, atol=1e-14)


@pytest.mark.parametrize("method", [RK4(50), Dopri5(rtol=1e-9, atol=1e-11), AdaptiveTsit5(rtol=1e-9, atol=1e-11)])
def test_backward_time_undoes_forward_time(method):
    def field(t, x):
        return torch.stack([x[:, 1], -torch.sin(x[:, 0])], 1)

    x0 = torch.tensor([[1.0, 0.2], [-0.4, 0.9]], dtype=torch.float64)
    times = torch.tensor([0.0, 3.0], dtype=torch.float64)
    there = method.solve(field, x0, times).states[-1]
    back = method.solve(field, there, times.flip(0)).states[-1]
    torch.testing.assert_close(back, x0, rtol=0, atol=1e-6)


@pytest.mark.parametrize("method", [RK4(4), Dopri5(), AdaptiveTsit5()])
def test_gradients_go_through_the_steps(method):
    rate = torch.tensor(-0.7, dtype=torch.float64, requires_grad=True)
    times = torch.tensor([0.0, 1.0], dtype=torch.float64)
    method.solve(lambda t, x: rate * x, torch.ones(1, 1, dtype=torch.float64), times).states[-1].sum().backward()
    assert float(rate.grad) == pytest.approx(math.exp(-0.7), rel=1e-3)


def test_bad_requests_are_named():
    x0 = torch.ones(1, 1)
    with pytest.raises(SolverError, match="strictly increasing"):
        Euler().solve(lambda t, x: x, x0, torch.tensor([0.0, 1.0, 0.5]))
    with pytest.raises(SolverError, match="at least two times"):
        Euler().solve(lambda t, x: x, x0, torch.tensor([0.0]))
    with pytest.raises(SolverError, match="floating-point"):
        Euler().solve(lambda t, x: x, torch.ones(1, 1, dtype=torch.int64), torch.tensor([0.0, 1.0]))
    with pytest.raises(SolverError, match="substeps"):
        Euler(substeps=0)
    with pytest.raises(SolverError, match="tolerances"):
        Dopri5(rtol=0)


def test_lookup_by_name():
    assert isinstance(get_solver("rk4", substeps=2), RK4)
    with pytest.raises(UnknownName, match="Did you mean euler"):
        get_solver("eulr")
    with pytest.raises(ConfigError, match="does not take"):
        get_solver("rk4", rtol=1)
