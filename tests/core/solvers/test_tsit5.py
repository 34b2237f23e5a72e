"""Tsit5: orders of its step, error estimate and interpolant; adaptive steps keep the tolerance."""

from __future__ import annotations

import pytest
import torch

from simplatform.errors import SolverError
from simplatform.solvers import RK4, AdaptiveTsit5
from simplatform.solvers.tsit5 import B, error_norm, interpolate, tsit5_step


def pendulum(t, x):
    return torch.stack([x[:, 1], -torch.sin(x[:, 0])], 1)


START = torch.tensor([[1.0, 0.2], [-0.4, 0.9]], dtype=torch.float64)
ZERO = torch.zeros((), dtype=torch.float64)


def reference(size):
    times = torch.tensor([0.0, size], dtype=torch.float64)
    return RK4(2000).solve(pendulum, START, times).states[-1]


def slope_of(function, sizes):
    values = torch.tensor([function(size) for size in sizes]).log()
    return float((values[0] - values[1]) / (torch.tensor(sizes).log()[0] - torch.tensor(sizes).log()[1]))


def test_error_estimate_is_of_fifth_order_and_the_step_of_sixth():
    def estimate(size):
        return float(tsit5_step(pendulum, ZERO, ZERO + size, START).error.abs().max())

    def true(size):
        return float((tsit5_step(pendulum, ZERO, ZERO + size, START).x - reference(size)).abs().max())

    assert slope_of(estimate, [0.4, 0.2]) == pytest.approx(5, abs=0.3)
    assert slope_of(true, [0.2, 0.1]) > 5.7  # its sixth-order term is small, so more at these steps


def test_interpolant_meets_both_ends_and_is_of_fourth_order_between():
    step = tsit5_step(pendulum, ZERO, ZERO + 0.5, START)
    torch.testing.assert_close(interpolate(step, START, ZERO), START)
    torch.testing.assert_close(interpolate(step, START, ZERO + 1 - 1e-12), step.x)

    def error(size):
        step = tsit5_step(pendulum, ZERO, ZERO + size, START)
        return float((interpolate(step, START, ZERO + 0.4) - reference(0.4 * size)).abs().max())

    assert slope_of(error, [0.8, 0.4]) == pytest.approx(5, abs=0.4)  # local error of a fourth-order interpolant


def test_known_slope_saves_an_evaluation_and_changes_nothing():
    fresh = tsit5_step(pendulum, ZERO, ZERO + 0.3, START)
    given = tsit5_step(pendulum, ZERO, ZERO + 0.3, START, pendulum(ZERO, START))
    assert torch.equal(fresh.x, given.x)
    torch.testing.assert_close(fresh.slope, pendulum(ZERO, fresh.x))
    assert sum(B) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("rtol", [1e-4, 1e-7, 1e-10])
def test_adaptive_steps_keep_the_tolerance_at_all_requested_times(rtol):
    times = torch.linspace(0, 6, 41, dtype=torch.float64)
    truth = RK4(200).solve(pendulum, START, times).states
    solver = AdaptiveTsit5(rtol, 0.01 * rtol)
    solution = solver.solve(pendulum, START, times)
    assert bool(solution.ok.all())
    assert float((solution.states - truth).abs().max()) < 60 * rtol
    assert solution.nfe >= 6 * len(solver.steps) + 2
    assert sum(solver.steps) == pytest.approx(6)


def test_more_output_costs_nothing():
    few = AdaptiveTsit5().solve(pendulum, START, torch.tensor([0.0, 6.0], dtype=torch.float64))
    many = AdaptiveTsit5().solve(pendulum, START, torch.linspace(0, 6, 200, dtype=torch.float64))
    assert few.nfe == many.nfe
    assert torch.equal(few.states[-1], many.states[-1])


def test_errors_of_accepted_steps_carry_gradients():
    rate = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    solver = AdaptiveTsit5(1e-5, 1e-7)
    solver.solve(lambda t, x: torch.cos(rate * t) * x, START, torch.tensor([0.0, 2.0], dtype=torch.float64))
    sum(solver.errors).backward()
    assert torch.isfinite(rate.grad)
    assert float(rate.grad) != 0


def test_a_field_that_explodes_is_reported():
    times = torch.linspace(0, 5, 6, dtype=torch.float64)
    solution = AdaptiveTsit5(max_steps=500).solve(lambda t, x: x**2, torch.ones(1, 1, dtype=torch.float64), times)
    assert not bool(solution.ok.any())
    assert bool(torch.isfinite(solution.states).all())


def test_rows_march_on_times_of_their_own():
    times = torch.stack([torch.linspace(0, 1, 5), torch.linspace(2, 5, 5)], 1).double()
    x0 = torch.ones(2, 1, dtype=torch.float64)

    def field(t, x):
        return torch.cos(t) * x

    together = RK4(3).march(field, x0, times[:, :, None])
    for row in range(2):
        alone = RK4(3).solve(field, x0[row : row + 1], times[:, row]).states
        torch.testing.assert_close(together[:, row : row + 1], alone)


def test_error_norm_is_one_at_the_tolerance():
    x = torch.full((3, 2), 2.0)
    assert float(error_norm(torch.full((3, 2), 0.21), x, x, rtol=0.1, atol=0.01)) == pytest.approx(1.0)
    with pytest.raises(SolverError, match="tolerances"):
        AdaptiveTsit5(atol=0)
