"""Exponential time differencing: order, exactness of the linear part, gradients, float32."""

from __future__ import annotations

import pytest
import torch

from simplatform.errors import SolverError
from simplatform.solvers.etdrk4 import ETDRK4

RATES = torch.tensor([-1.0, -40.0, 0.0, -1e-9], dtype=torch.float64)


def logistic(v):
    return 3 * v - v**2


def run(steps, rates=RATES, nonlinear=logistic, dtype=torch.float64):
    return ETDRK4(rates, 1.0 / steps, dtype).advance(torch.full((4,), 0.5, dtype=dtype), steps, nonlinear)


def test_order_is_four():
    exact = run(2048)
    errors = [float((run(steps) - exact).abs().max()) for steps in (16, 32, 64)]
    orders = torch.tensor(errors[:-1]).div(torch.tensor(errors[1:])).log2()
    assert (orders > 3.7).all(), orders


def test_the_linear_part_is_exact_in_one_step():
    rates = torch.tensor([-1.0 + 3j, -200.0, 2.0], dtype=torch.complex128)
    found = ETDRK4(rates, 0.7).step(torch.ones(3, dtype=torch.complex128), torch.zeros_like)
    torch.testing.assert_close(found, (0.7 * rates).exp(), rtol=1e-14, atol=1e-14)


def test_a_constant_force_is_integrated_exactly_even_where_the_rate_is_nearly_zero():
    found = ETDRK4(RATES, 0.5).step(torch.zeros(4, dtype=torch.float64), torch.ones_like)
    exact = torch.where(RATES == 0, 0.5, torch.expm1(0.5 * RATES) / RATES.clamp_max(-1e-300))
    torch.testing.assert_close(found, exact, rtol=1e-12, atol=1e-12)


def test_rows_may_have_steps_of_their_own():
    lengths = torch.tensor([[0.1], [0.3]], dtype=torch.float64)
    both = ETDRK4(RATES[None], lengths).step(torch.full((2, 4), 0.5, dtype=torch.float64), logistic)
    for row, length in enumerate((0.1, 0.3)):
        alone = ETDRK4(RATES, length).step(torch.full((4,), 0.5, dtype=torch.float64), logistic)
        torch.testing.assert_close(both[row], alone)


def test_it_is_differentiable_and_works_in_single_precision():
    start = torch.full((4,), 0.5, dtype=torch.float64, requires_grad=True)
    stepper = ETDRK4(RATES, 0.1)
    assert torch.autograd.gradcheck(lambda v: stepper.advance(v, 3, logistic), (start,))
    single = run(64, dtype=torch.float32)
    assert single.dtype == torch.float32
    torch.testing.assert_close(single.double(), run(64), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("single", [False, True])
def test_complex_coefficients_give_the_same_and_leave_a_real_part_real(single):
    real, whole = (torch.float32, torch.complex64) if single else (torch.float64, torch.complex128)
    start = torch.full((4,), 0.5, dtype=whole)
    found = ETDRK4(RATES, 0.1, whole).advance(start, 5, logistic)
    assert found.dtype == whole
    assert not found.imag.any()
    torch.testing.assert_close(found, ETDRK4(RATES, 0.1, real).advance(start, 5, logistic))


@pytest.mark.parametrize("step", [0.0, -1.0, float("nan")])
def test_a_step_that_is_none_is_refused(step):
    with pytest.raises(SolverError, match="positive"):
        ETDRK4(RATES, step)
    with pytest.raises(SolverError, match="double"):
        ETDRK4(RATES.float(), 0.1)
